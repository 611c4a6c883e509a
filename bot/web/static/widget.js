"use strict";(()=>{var i=document.currentScript,m=new URL(i.src).origin,o={open:i.dataset.open??"Ask the clinic",close:i.dataset.close??"Close the chat"},l=`
  :host { all: initial; position: fixed; z-index: 2147483000; inset: auto 1rem 1rem auto; font: 16px/1.4 system-ui, sans-serif; }
  button { font: inherit; font-weight: 600; color: #fff; background: #14575a; border: 0; border-radius: 2rem;
    padding: .8rem 1.25rem; min-height: 44px; box-shadow: 0 6px 24px rgb(16 42 44 / .25); cursor: pointer; }
  button:hover { background: #0f4547; }
  button:focus-visible { outline: 3px solid #14575a; outline-offset: 3px; }
  iframe { display: block; border: 0; border-radius: 1rem; width: min(26rem, calc(100vw - 2rem));
    height: min(42rem, calc(100vh - 6rem)); margin-bottom: .75rem; background: #fff; box-shadow: 0 12px 48px rgb(16 42 44 / .3); }
  iframe[hidden] { display: none; }
`;function s(){let d=document.createElement("mesoguide-widget"),n=d.attachShadow({mode:"open"}),r=new CSSStyleSheet;r.replaceSync(l),n.adoptedStyleSheets=[r];let t=document.createElement("button");t.type="button",n.append(t);let e,c=()=>{let a=!!e&&!e.hidden;t.textContent=a?o.close:o.open,t.setAttribute("aria-expanded",String(a))};t.addEventListener("click",()=>{e?e.hidden=!e.hidden:(e=document.createElement("iframe"),e.src=`${m}/chat`,e.title=o.open,n.prepend(e)),c()}),c(),document.body.append(d)}document.body?s():document.addEventListener("DOMContentLoaded",s);})();
