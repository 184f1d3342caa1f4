"""What can be wrong with a file, and what to do: the English text, French and Spanish."""

from __future__ import annotations

from assistant.errors import ReadError

Message = tuple[str, str]

EMPTY = ("the file is empty", "write something in it, or delete it")
NO_TEXT = (
    "no text was found in it",
    "if it is a scan, run text recognition (OCR) on it first",
)
TOO_LARGE = (
    "it is larger than the limit",
    "split it, or raise ASSISTANT_MAX_FILE_MB",
)
BOMB = (
    "unpacked, it is far larger than the limit",
    "if you trust it, unpack it and keep the text only",
)
FORMAT = ("this format is not read", "convert it to one of the formats of the documentation")
BROKEN = ("it is damaged, or not what its name says", "open it, and save it again")
ENCRYPTED = ("it is protected by a password", "save a copy without the password")
BINARY = ("it is not text", "rename it with its real ending, or leave it out")
MISSING = ("it is gone", "put it back, or ingest again")
PERMISSION = ("reading it is not permitted", "change the permissions of the file")
NOT_FILE = ("it is not a regular file", "put a copy of the document in the folder")
CHANGED = ("it changed while it was read", "wait until it is written, then ingest again")
HIDDEN = ("its name begins with a dot", "rename it if it should be read")
OUTSIDE = ("it is a link out of the folder", "put a copy of the document in the folder")
LOOP = ("it is a link to a folder", "put the documents themselves in the folder")
SAME_NAME = ("it has the same name as {}", "rename one of them")
NO_FOLDER = ("there is no such folder", "create it, or name another")

_FRENCH = {
    EMPTY[0]: "le fichier est vide",
    EMPTY[1]: "écrivez-y quelque chose, ou supprimez-le",
    NO_TEXT[0]: "aucun texte n’y a été trouvé",
    NO_TEXT[1]: "si c’est un document numérisé, passez-le d’abord à la reconnaissance de texte",
    TOO_LARGE[0]: "il est plus gros que la limite",
    TOO_LARGE[1]: "découpez-le, ou augmentez ASSISTANT_MAX_FILE_MB",
    BOMB[0]: "décompressé, il dépasse de loin la limite",
    BOMB[1]: "si vous lui faites confiance, décompressez-le et ne gardez que le texte",
    FORMAT[0]: "ce format n’est pas lu",
    FORMAT[1]: "convertissez-le dans l’un des formats de la documentation",
    BROKEN[0]: "il est endommagé, ou n’est pas ce que son nom annonce",
    BROKEN[1]: "ouvrez-le, puis enregistrez-le à nouveau",
    ENCRYPTED[0]: "il est protégé par un mot de passe",
    ENCRYPTED[1]: "enregistrez-en une copie sans mot de passe",
    BINARY[0]: "ce n’est pas du texte",
    BINARY[1]: "donnez-lui sa vraie extension, ou retirez-le",
    MISSING[0]: "il a disparu",
    MISSING[1]: "remettez-le en place, ou relancez l’ingestion",
    PERMISSION[0]: "sa lecture n’est pas permise",
    PERMISSION[1]: "changez les droits du fichier",
    NOT_FILE[0]: "ce n’est pas un fichier ordinaire",
    NOT_FILE[1]: "mettez une copie du document dans le dossier",
    CHANGED[0]: "il a changé pendant la lecture",
    CHANGED[1]: "attendez qu’il soit écrit, puis relancez l’ingestion",
    HIDDEN[0]: "son nom commence par un point",
    HIDDEN[1]: "renommez-le s’il doit être lu",
    OUTSIDE[0]: "c’est un lien vers l’extérieur du dossier",
    LOOP[0]: "c’est un lien vers un dossier",
    LOOP[1]: "mettez les documents eux-mêmes dans le dossier",
    SAME_NAME[0]: "il porte le même nom que {}",
    SAME_NAME[1]: "renommez l’un des deux",
    NO_FOLDER[0]: "ce dossier n’existe pas",
    NO_FOLDER[1]: "créez-le, ou indiquez-en un autre",
}
_SPANISH = {
    EMPTY[0]: "el archivo está vacío",
    EMPTY[1]: "escriba algo en él o elimínelo",
    NO_TEXT[0]: "no se encontró texto en él",
    NO_TEXT[1]: "si es un documento escaneado, páselo antes por un reconocimiento de texto (OCR)",
    TOO_LARGE[0]: "supera el límite de tamaño",
    TOO_LARGE[1]: "divídalo o aumente ASSISTANT_MAX_FILE_MB",
    BOMB[0]: "descomprimido, supera con mucho el límite",
    BOMB[1]: "si confía en él, descomprímalo y conserve solo el texto",
    FORMAT[0]: "este formato no se lee",
    FORMAT[1]: "conviértalo a uno de los formatos de la documentación",
    BROKEN[0]: "está dañado o no es lo que dice su nombre",
    BROKEN[1]: "ábralo y guárdelo de nuevo",
    ENCRYPTED[0]: "está protegido con una contraseña",
    ENCRYPTED[1]: "guarde una copia sin contraseña",
    BINARY[0]: "no es texto",
    BINARY[1]: "póngale su verdadera extensión o retírelo",
    MISSING[0]: "ha desaparecido",
    MISSING[1]: "vuelva a ponerlo o repita la ingesta",
    PERMISSION[0]: "no se permite leerlo",
    PERMISSION[1]: "cambie los permisos del archivo",
    NOT_FILE[0]: "no es un archivo ordinario",
    NOT_FILE[1]: "ponga una copia del documento en la carpeta",
    CHANGED[0]: "cambió durante la lectura",
    CHANGED[1]: "espere a que termine de escribirse y repita la ingesta",
    HIDDEN[0]: "su nombre empieza por un punto",
    HIDDEN[1]: "cámbiele el nombre si debe leerse",
    OUTSIDE[0]: "es un enlace hacia fuera de la carpeta",
    LOOP[0]: "es un enlace a una carpeta",
    LOOP[1]: "ponga los documentos mismos en la carpeta",
    SAME_NAME[0]: "tiene el mismo nombre que {}",
    SAME_NAME[1]: "cambie el nombre de uno de los dos",
    NO_FOLDER[0]: "esa carpeta no existe",
    NO_FOLDER[1]: "créela o indique otra",
}
_TRANSLATIONS = {"fr": _FRENCH, "es": _SPANISH}


def say(text: str, language: str) -> str:
    """Return a reason or an advice of this module in ``language``; English where there is none."""
    known = _TRANSLATIONS.get(language, {})
    same = SAME_NAME[0].removesuffix("{}")
    if text.startswith(same):
        return known.get(SAME_NAME[0], SAME_NAME[0]).replace("{}", text.removeprefix(same))
    return known.get(text, text)


def refuse(message: Message) -> ReadError:
    """Return the error that says ``message``."""
    return ReadError(*message)
