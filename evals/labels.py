"""What each measure is called and what it means, once, for tables, page and README."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Label:
    """A measure's short name and its meaning in one sentence."""

    name: str
    meaning: str


LABELS = {
    "unit@1": Label("right unit first", "the first unit found is an expected one"),
    "unit@3": Label("right unit in three", "an expected unit is among the first three"),
    "unit@5": Label("right unit in five", "an expected unit is among the first five"),
    "recall@5": Label("recall@5", "share of the expected units among the first five"),
    "mrr": Label("MRR", "mean of 1/rank of the first expected unit, 0 beyond ten"),
    "ndcg@10": Label("nDCG@10", "discounted gain of the expected units among ten"),
    "quote_first": Label(
        "first quote proves it",
        "the first quote contains the expected words; silence counts as a miss",
    ),
    "quote_first_answered": Label(
        "first quote, when answered", "the same among the questions that were answered"
    ),
    "quote_any": Label("some quote proves it", "one of the quotes contains the expected words"),
    "passage_first": Label(
        "best passage", "the best passage contains the expected words, answered or not"
    ),
    "set_exact": Label("whole set right", "lists and structure: every unit cited, none extra"),
    "citation_exact": Label("quotes verbatim", "share of quotes equal to the document's slice"),
    "citation_recall": Label("citation recall", "share of the expected words that some quote has"),
    "citation_precision": Label("citation precision", "share of quotes with expected words"),
    "answered": Label("answered", "share of the answerable questions that got an answer"),
    "silent": Label("silent", "share of the unanswerable questions that got none"),
    "silent_near": Label("silent, near misses", "the same for questions about real units"),
    "silent_far": Label("silent, far away", "the same for questions about something else"),
    "silence@93": Label(
        "silence at 93 % answered",
        "unanswerable questions silent when 93 % of the rest is answered",
    ),
    "silence@85": Label(
        "silence at 85 % answered",
        "unanswerable questions silent when 85 % of the rest is answered",
    ),
    "silence_near@93": Label(
        "near silence at 93 %", "near misses silent when 93 % of the answerable is answered"
    ),
    "correct": Label("answered and right", "answerable questions with right unit and quote or set"),
    "risk": Label("wrong when answered", "share of the given answers that are wrong"),
    "auc": Label("ROC AUC", "chance that an answerable question is surer than an unanswerable one"),
    "aurc": Label("AURC", "area under the risk–coverage curve of the answerable questions"),
    "aurc_all": Label("AURC, all questions", "the same with every question a threshold"),
    "coverage@5%risk": Label(
        "coverage at 5 % risk", "answerable share answered, 5 % wrong at most"
    ),
    "written": Label("written by the model", "some sentence of the model was proved and shown"),
    "struck": Label("sentences struck", "share of an answer's sentences that nothing proved"),
    "tokens_in": Label("tokens read", "by the model for an answer it was asked for, as it says"),
    "tokens_out": Label(
        "tokens written", "by the model for an answer it was asked for, as it says"
    ),
    "answer_language": Label("language of the answer", "the answer is in the question's language"),
    "seconds": Label("seconds", "median of a warm answer"),
    "seconds_p95": Label("seconds, 95 %", "19 of 20 warm answers are faster"),
}


def label(metric: str) -> str:
    """Return the short name of a metric, its own key when it has none."""
    return LABELS[metric].name if metric in LABELS else metric


def shown(metric: str, value: float | None) -> str:
    """Return a value for people: milliseconds, whole tokens, three digits for the rest."""
    if value is None or value != value:
        return "–"
    if metric.startswith("seconds"):
        return f"{value * 1000:.0f} ms" if value >= 0.01 else f"{value * 1000:.1f} ms"
    if metric.startswith("tokens"):
        return f"{value:.0f}"
    return f"{value:.3f}"


LANGUAGES = {
    "ar": "Arabic",
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "nl": "Dutch",
    "pl": "Polish",
    "pt": "Portuguese",
    "ru": "Russian",
    "th": "Thai",
    "tr": "Turkish",
    "zh": "Chinese",
}


def group_name(group: str) -> str:
    """Return "all", or the value of a group such as ``kind=noisy``, for people."""
    name = group.partition("=")[2] or group
    return LANGUAGES.get(name, name.replace("_", " "))
