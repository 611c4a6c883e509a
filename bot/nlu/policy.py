"""A danger sign, and a few other things that cannot wait, are answered by their written rule even inside a form.

Rasa's RulePolicy runs an active form before any rule, and a form calls the action server. For the intents named here
the form is left aside for the turn, so that the rule's response reaches the patient with the action server down.
"""

from __future__ import annotations

from typing import Optional, Text, Tuple

from rasa.core.policies.rule_policy import RulePolicy
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.shared.core.trackers import DialogueStateTracker

BEFORE_ANY_FORM = frozenset({"report_emergency", "report_urgent", "talk_to_human", "delete_my_data"})


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=True)
class SafetyFirstRulePolicy(RulePolicy):
    """RulePolicy in which the rules of BEFORE_ANY_FORM come before the form that is active."""

    @staticmethod
    def _find_action_from_loop_happy_path(tracker: DialogueStateTracker) -> Tuple[Optional[Text], Optional[Text]]:
        message = tracker.latest_message
        if message is not None and message.intent_name in BEFORE_ANY_FORM:
            return None, None
        return RulePolicy._find_action_from_loop_happy_path(tracker)
