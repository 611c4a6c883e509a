"""What is deployed is checked: Kubernetes' own schemas, and that it fits the program it starts."""

from __future__ import annotations

import importlib.util
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import uvicorn
import yaml
from starlette.requests import Request
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from bot.channels.turns import TURN_SECONDS
from bot.serving.secrets import NAMES
from bot.settings import Settings
from bot.web.metrics import is_inside

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
KUBERNETES = sorted((DEPLOY / "kubernetes").glob("*.yml"))
VERSION = "1.28"
PARTS = {"web", "rasa"}


def documents() -> list[dict[str, Any]]:
    return [document for path in KUBERNETES for document in yaml.safe_load_all(path.read_text())]


def one(kind: str, name: str = "mesoguide") -> Any:
    """The one object of that kind and name."""
    (found,) = [item for item in documents() if item["kind"] == kind and item["metadata"]["name"] == name]
    return found


def compose() -> Any:

    return yaml.safe_load((DEPLOY / "compose.yml").read_text())


@pytest.mark.parametrize("document", documents(), ids=lambda item: f"{item['kind']} {item['metadata']['name']}")
def test_manifests_fit_kubernetes_schemas_strictly(document: dict[str, Any]) -> None:
    kubernetes_validate.validate(document, VERSION, strict=True)


def test_the_validator_refuses_what_kubernetes_would() -> None:
    wrong = one("Service")
    wrong["spec"]["prots"] = wrong["spec"].pop("ports")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSION, strict=True)


def pod() -> Any:
    return one("Deployment")["spec"]["template"]["spec"]


def test_every_container_has_probes_limits_and_no_rights() -> None:
    for container in pod()["containers"]:
        assert {"livenessProbe", "startupProbe"} <= container.keys()
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert container["securityContext"]["readOnlyRootFilesystem"] is True


def test_only_the_web_part_can_be_reached_and_ready_means_every_part_answers() -> None:
    parts = {container["name"]: container for container in pod()["containers"]}
    assert parts.keys() == PARTS
    assert [name for name, part in parts.items() if part.get("ports")] == ["web"]
    assert parts["web"]["readinessProbe"]["httpGet"]["path"] == "/readyz"
    services = compose()["services"]
    assert [name for name, service in services.items() if service.get("ports")] == ["web"]
    assert services["rasa"]["network_mode"] == "service:web"


def test_a_turn_may_end_before_its_pod_does() -> None:
    longest_pause = max(int(part["lifecycle"]["preStop"]["exec"]["command"][1]) for part in pod()["containers"])
    assert pod()["terminationGracePeriodSeconds"] >= TURN_SECONDS + longest_pause
    update = one("Deployment")["spec"]["strategy"]["rollingUpdate"]
    assert update == {"maxUnavailable": 0, "maxSurge": 1}
    for name in ("web", "rasa"):
        assert int(compose()["services"][name]["stop_grace_period"].rstrip("s")) > TURN_SECONDS


def test_selectors_find_the_pods_they_mean() -> None:
    labels = one("Deployment")["spec"]["template"]["metadata"]["labels"]
    assert one("Service")["spec"]["selector"].items() <= labels.items()
    for kind in ("PodDisruptionBudget", "Deployment"):
        assert one(kind)["spec"]["selector"]["matchLabels"].items() <= labels.items()
    target = one("HorizontalPodAutoscaler")["spec"]
    assert target["scaleTargetRef"]["name"] == one("Deployment")["metadata"]["name"]
    assert target["metrics"][0]["containerResource"]["container"] in PARTS


def commands() -> list[list[str]]:
    services = [service["command"] for service in compose()["services"].values() if "command" in service]
    return [*services, *[container["command"] for container in pod()["containers"]]]


def test_every_command_starts_a_part_that_exists() -> None:
    modules = [command[2] for command in commands() if command[:2] == ["python", "-m"]]
    assert len(modules) >= 4
    assert all(importlib.util.find_spec(module) for module in modules)


def test_every_setting_is_one_the_program_reads_and_every_secret_is_given() -> None:
    text = "".join(path.read_text() for path in DEPLOY.glob("**/*.yml"))
    documented = (DEPLOY.parent / "docs" / "settings.md").read_text()
    given = {key for service in compose()["services"].values() for key in service.get("environment", {})}
    given = {key for key in given if not key.startswith("POSTGRES_")} | set(one("ConfigMap")["data"])
    assert not [name for name in given if f"`{name}`" not in documented]
    assert all(name in text for name in NAMES)
    assert not re.search(r"(SECRET|TOKEN|PASSWORD|KEYS): ['\"]?[A-Za-z0-9+/=_-]{12,}", text)


def test_the_proxy_in_front_is_believed_so_that_each_patient_is_counted_by_their_own_address() -> None:
    """Else all patients share the proxy's address, and with it its limits."""
    (subnet,) = compose()["networks"]["default"]["ipam"]["config"]
    assert compose()["services"]["web"]["environment"]["FORWARDED_ALLOW_IPS"] == subnet["subnet"]
    network = ip_network(subnet["subnet"].partition(":-")[2].rstrip("}"))
    assert network.is_private
    believed = one("ConfigMap")["data"]["FORWARDED_ALLOW_IPS"]
    assert all(ip_network(part).is_private for part in believed.split(","))
    for trusted in (str(network), believed):
        config = uvicorn.Config(lambda: None, forwarded_allow_ips=trusted)  # as uvicorn reads it
        proxies = ProxyHeadersMiddleware(config.app, config.forwarded_allow_ips).trusted_hosts
        assert str(next(ip_network(trusted).hosts())) in proxies
        assert "203.0.113.7" not in proxies


def test_prometheus_asks_the_web_part_itself_from_an_address_that_is_given_figures() -> None:
    template = one("Deployment")["spec"]["template"]
    asks = {name.rpartition("/")[2]: value for name, value in template["metadata"]["annotations"].items()}
    web = next(part for part in template["spec"]["containers"] if part["name"] == "web")
    assert (asks["scrape"], asks["path"], int(asks["port"])) == ("true", "/metrics", web["ports"][0]["containerPort"])
    assert one("NetworkPolicy")["spec"]["ingress"] == [{"ports": [{"port": int(asks["port"]), "protocol": "TCP"}]}]
    scope = {"type": "http", "headers": [], "client": ("10.42.0.9", 40000)}  # not through a proxy, from the cluster
    assert is_inside(Request(scope))


def test_the_probes_ask_at_the_ports_the_parts_use() -> None:
    for container in pod()["containers"]:
        if container["name"] == "web":
            assert container["ports"][0]["containerPort"] == Settings().port
            continue
        asks = container["livenessProbe"]["exec"]["command"][2]
        assert f"127.0.0.1:{Settings().rasa_port}/webhooks/website/health" in asks


def test_the_image_can_send_traces_measure_a_model_and_keep_the_list_of_the_erased() -> None:
    image, app = (DEPLOY / "Dockerfile").read_text(), compose()["x-app"]
    sync = "uv pip sync -q --compile-bytecode --python .venv/bin/python requirements.lock requirements-tracing.lock"
    assert sync in image  # compiled, as a container writes nothing beside its packages
    assert "compileall -q bot" in image
    assert image.index("COPY tests/heldout") < image.index("mesoguide train")
    kept = app["volumes"][0].partition(":")[2]
    assert app["environment"]["MESOGUIDE_ERASED"].startswith(f"{kept}/")
    assert kept in image
