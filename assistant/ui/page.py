"""The page of one language, put together from Gradio's parts and a few of our own.

The conversation is not ``gr.Chatbot``: that renders Markdown and lets images and forms of a quoted
document through. Here every turn is HTML made on the server, all text in it escaped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from assistant.records import answer_record
from assistant.render import escape_html
from assistant.ui.ask import Asking
from assistant.ui.desk import Desk
from assistant.ui.feedback import REASONS
from assistant.ui.icons import icon
from assistant.ui.reception import READER
from assistant.ui.words import PAGE_LANGUAGES, Words, words

if TYPE_CHECKING:
    import gradio as gr

AT_ONCE = 4
"""Questions answered at the same time; more wait in the queue."""
WAITING = 64
"""Questions that may wait; more are told to come back."""
_SUBMIT = "(question, past) => window.assistantPage.asking(question)"


def build(desk: Desk, spoken: Words, paths: Mapping[str, str]) -> gr.Blocks:
    """Return the page; ``paths`` says where the page of each language stands."""
    import gradio as gr

    asking = Asking(desk, spoken)

    def ask(question: str, past: Any, request: Any) -> Iterator[str]:
        earlier = past if isinstance(past, list) else []
        yield from asking.turn(question or "", earlier, _reader(request))

    def chat(message: str, history: list[str] | None = None, request: Any = None) -> dict[str, Any]:
        """Answer one message; ``history`` holds the earlier questions, oldest first."""
        if wait := desk.brake.wait(_reader(request)):
            raise gr.Error(spoken("error_often", seconds=math.ceil(wait)))
        return answer_record(desk.assistant().ask(message, history or []))

    # Gradio gives the request to whoever asks for it by type; it is imported only here.
    ask.__annotations__["request"] = chat.__annotations__["request"] = gr.Request
    page: gr.Blocks = gr.Blocks(title=spoken("name"), analytics_enabled=False, fill_height=True)
    with page:
        _html(header(spoken, paths, bool(desk.settings.auth)), "top")
        with gr.Row(elem_id="work", equal_height=True):
            with gr.Column(elem_id="talk", scale=3, min_width=320):
                with gr.Column(elem_id="scroll"):
                    _html(conversation(spoken), "past")
                    live = _html("", "live")
                with gr.Row(elem_id="composer"):
                    box = gr.Textbox(
                        label=spoken("question"),
                        placeholder=spoken("placeholder"),
                        elem_id="question",
                        container=True,
                        lines=1,
                        max_lines=6,
                        max_length=desk.settings.max_question,
                        autofocus=True,
                        scale=1,
                    )
                    send = gr.Button(spoken("send"), elem_id="send", variant="primary", scale=0)
            _html(panel(spoken), "side")
        past = gr.JSON(visible=False)
        gr.on(
            [box.submit, send.click],
            ask,
            [box, past],
            live,
            js=_SUBMIT,
            api_visibility="private",
            concurrency_limit=AT_ONCE,
            concurrency_id="ask",
            show_progress="hidden",
            trigger_mode="once",
        )
        gr.api(  # type: ignore[attr-defined]
            chat, api_name="chat", concurrency_limit=AT_ONCE, concurrency_id="ask"
        )
    page.queue(max_size=WAITING, default_concurrency_limit=AT_ONCE, api_open=False)
    return page


def _reader(request: Any) -> str:
    """Return who asks, as the reception found; "" where that does not matter."""
    return str(request.headers.get(READER.decode(), "")) if request else ""


def _html(value: str, identity: str) -> gr.HTML:
    import gradio as gr

    return gr.HTML(value, elem_id=identity, apply_default_css=False, padding=False, js_on_load=None)


def header(spoken: Words, paths: Mapping[str, str], login: bool = False) -> str:
    """Return the top of the page: its name, conversations, languages, theme."""

    def tool(name: str, do: str) -> str:
        return (
            f'<button type="button" class="tool" data-do="{do}">{icon(name)}'
            f"<span>{escape_html(spoken(do.replace('-', '_')))}</span></button>"
        )

    tongues = "".join(
        f'<a href="{escape_html(paths[code])}" lang="{code}" hreflang="{code}"'
        + (' aria-current="true"' if code == spoken.language else "")
        + f' title="{escape_html(words(code)("this_language"))}">{code.upper()}</a>'
        for code in PAGE_LANGUAGES
    )
    theme = escape_html(spoken("theme"))
    out = escape_html(spoken("logout"))
    leave = (
        f'<button type="button" class="tool bare" data-do="logout" aria-label="{out}"'
        f' title="{out}">{icon("logout")}</button>'
        if login
        else ""
    )
    return (
        f'<a class="skip" href="#question" data-do="skip">{escape_html(spoken("skip"))}</a>'
        '<header class="top"><h1 class="brand"><span class="mark-drawing" aria-hidden="true">'
        f"[1]</span><span>{escape_html(spoken('name'))}</span></h1>"
        f'<p class="tagline">{escape_html(spoken("tagline"))}</p>'
        f'<div class="tools">{tool("tree", "plan")}{tool("talks", "conversations")}'
        f"{tool('new', 'new-conversation')}</div>"
        f'<nav class="languages" aria-label="{escape_html(spoken("language"))}">{tongues}</nav>'
        f'<button type="button" class="tool bare" data-do="theme" aria-label="{theme}"'
        f' title="{theme}">{icon("theme")}</button>{leave}</header>'
    )


def conversation(spoken: Words) -> str:
    """Return the place of the earlier turns, and of what is told to screen readers."""
    return (
        f'<h2 class="unseen">{escape_html(spoken("conversation"))}</h2>'
        '<div id="banner" role="status" hidden></div><div id="welcome"></div>'
        '<div id="turns"></div>'
        f"{_doubt(spoken)}"
        '<div id="told" class="unseen" role="status" aria-live="polite"></div>'
    )


def _doubt(spoken: Words) -> str:
    """Return the form in which a reader says what is wrong with an answer; the script copies it."""
    choices = "".join(
        f'<option value="{reason}">{escape_html(spoken("reason_" + reason))}</option>'
        for reason in REASONS
    )
    return (
        '<form id="doubt" class="doubt" hidden><label><span>'
        f'{escape_html(spoken("reason"))}</span><select name="reason">{choices}</select></label>'
        f"<label><span>{escape_html(spoken('comment'))}</span>"
        '<textarea name="comment" rows="2" maxlength="2000"></textarea></label>'
        f'<button type="submit">{escape_html(spoken("send_feedback"))}</button></form>'
    )


def panel(spoken: Words) -> str:
    """Return the panel beside the conversation: the open source, and the outline."""
    strings = {
        key: spoken(key)
        for key in (
            *("copied", "copy_failed", "offline", "online", "answer_ready", "conversations"),
            *("new_conversation", "no_conversation", "kept_here", "rename", "new_name", "delete"),
            *("close", "export", "export_markdown", "export_html", "export_json"),
            *("export_failed", "talk_not_shown", "thanks", "not_kept", "cited"),
            *("upload_waiting", "upload_large", "upload_done", "upload_failed", "replace"),
            *("remove_sure", "removed", "quality_title"),
            *("chart", "zoom", "zoom_in", "zoom_out", "zoom_fit", "documents"),
        )
    }
    data = "".join(
        f' data-{key.replace("_", "-")}="{escape_html(value)}"' for key, value in strings.items()
    )
    close = escape_html(spoken("close"))
    return (
        f'<aside id="panel" aria-label="{escape_html(spoken("panel"))}" data-view="outline"{data}>'
        '<div class="tabs"><div class="tablist" role="tablist">'
        '<button type="button" role="tab" id="tab-source" aria-controls="source" data-tab="source"'
        f' aria-selected="false" tabindex="-1">{escape_html(spoken("source"))}</button>'
        '<button type="button" role="tab" id="tab-outline" aria-controls="outline"'
        f' data-tab="outline" aria-selected="true">{escape_html(spoken("plan"))}</button>'
        '<button type="button" role="tab" id="tab-documents" aria-controls="documents"'
        ' data-tab="documents" aria-selected="false" tabindex="-1">'
        f"{escape_html(spoken('documents'))}</button>"
        '<button type="button" role="tab" id="tab-quality" aria-controls="quality"'
        ' data-tab="quality" aria-selected="false" tabindex="-1">'
        f"{escape_html(spoken('quality'))}</button></div>"
        f'<button type="button" class="tool bare" data-do="close" aria-label="{close}"'
        f' title="{close}">{icon("close")}</button></div>'
        '<div id="source" role="tabpanel" aria-labelledby="tab-source" tabindex="0" hidden>'
        f'<p class="gone">{escape_html(spoken("no_source"))}</p></div>'
        '<div id="outline" role="tabpanel" aria-labelledby="tab-outline" tabindex="0"></div>'
        '<div id="documents" role="tabpanel" aria-labelledby="tab-documents" tabindex="0" hidden>'
        "</div>"
        '<div id="quality" role="tabpanel" aria-labelledby="tab-quality" tabindex="0" hidden></div>'
        "</aside>"
    )
