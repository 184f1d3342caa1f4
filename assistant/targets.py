"""Whether a text holds the kind of thing that a question asks for: an address, a date, a number…

Only kinds that can be told by their form are judged, in the languages whose words are listed;
every other question is met by every text.
"""

from __future__ import annotations

import re

from assistant.language import fold

_NUMBER = (
    r"\d|\b(deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize"
    r"|vingt|trente|quarante|cinquante|soixante|cent|mille|million|milliard|millier|plusieurs"
    r"|(diz|douz|quinz|vingt|trent|quarant|cinquant|soixant|cent)aine|moitie|tiers|quart|double"
    r"|aucune?|une? (seule?|fois|heure|minute|jour|semaine|mois|an|annee)|l'heure|gratuite?"
    r"|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty"
    r"|hundred|thousand|million|billion|dozen|several|none|half|third|quarter|free"
    r"|dos|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|once|doce|veinte|treinta|cuarenta"
    r"|cincuenta|cien|ciento|mil|millones|docena|varios|ningun|mitad|tercio|cuarto"
    r"|zwei|drei|vier|funf|sechs|sieben|acht|neun|zehn|zwolf|zwanzig|hundert|tausend|mehrere"
    r"|due|tre|quattro|cinque|sei|sette|otto|nove|dieci|dodici|venti|cento|mila|diversi"
    r"|dois|duas|quatro|sete|oito|dez|doze|vinte|cem|varios)s?\b"
)
_TIME = (
    r"|\b(janvier|fevrier|mars|avril|mai|juin|juillet|aout|septembre|octobre|novembre|decembre"
    r"|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|heures?|jours?|semaines?|mois|ans?"
    r"|annees?|siecles?|debut|fin|suivante?|annuel\w*|mensuel\w*|trimestr\w*|semestr\w*"
    r"|hebdo\w*|quotidien\w*"
    r"|temporaire\w*|permanen\w*|chaque|avant|apres|depuis|jusqu\w*|lors|pendant|regulier\w*"
    r"|january|february|march|april|may|june|july|august|september|october|november|december"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday|hours?|days?|weeks?|months?"
    r"|years?|century|annual\w*|monthly|quarter\w*|weekly|daily|temporary|every|before|after"
    r"|since|until|during|when|beginning|end|next|regular\w*"
    r"|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
    r"|lunes|martes|miercoles|jueves|viernes|sabado|domingo|horas?|dias?|semanas?|mes|meses"
    r"|anos?|siglo|anual\w*|mensual\w*|semanal\w*|diari\w*|temporal\w*|cada|antes|despues"
    r"|desde|hasta|durante|cuando)\b"
)
_STREET = (
    r"\d|\b(rue|avenue|boulevard|place|chemin|route|quai|allee|impasse|cedex|bp|street|road|lane"
    r"|square|building|floor|calle|avenida|plaza|paseo|adress\w*|address\w*|direccion)\b"
)
_CONTACT = (
    r"@|https?:|www\.|\d[\d .()-]{5,}\d|\b\d\d \d\d\b|\b(?!(19|20)\d\d)\d{3,}\b"
    r"|\b(tel|telephone|courriel|e-?mail|correo)\b"
)
_FORMS = {
    "address": re.compile(_STREET),
    "contact": re.compile(_CONTACT),
    "amount": re.compile(_NUMBER),
    "count": re.compile(_NUMBER),
    "time": re.compile(_NUMBER + _TIME),
}
LANGUAGES = frozenset({"fr", "en", "es", "de", "it", "pt"})


def met(target: str, text: str, language: str) -> bool:
    """Return whether ``text`` can hold what a question of this ``target`` asks for."""
    form = _FORMS.get(target)
    return form is None or language not in LANGUAGES or bool(form.search(fold(text)))
