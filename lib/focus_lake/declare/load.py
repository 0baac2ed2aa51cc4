"""Find, read and check a provider's declaration: the packaged one and the user's own over it."""

from __future__ import annotations

from pathlib import Path

from focus_lake.declare.check import check
from focus_lake.declare.model import Declaration
from focus_lake.declare.toml import Settings, build
from focus_lake.errors import DeclarationError
from focus_lake.resources import data
from focus_lake.spec.columns import did_you_mean
from focus_lake.storage import Store

# They tell people something, or when it is due, and change no row.
_NOT_IN_RECIPE = ("title", "documentation", "gaps", "deliveries", "invoices", "notes")


def load(name: str, extra: Store | None = None) -> Declaration:
    """The declaration of a provider.

    extra: the place with the user's own files. Its ``NAME.toml`` is laid over the packaged one key
    by key, or is a provider of its own where none of its name is packaged.
    DeclarationError if there is none of this name, or one that is wrong.
    """
    settings = Settings()
    texts = [*_packaged(name), *_users(name, extra)]
    if not texts:
        known = names(extra)
        raise DeclarationError(
            f"no provider is called {name!r}{did_you_mean(name, known)} (there are: "
            f"{', '.join(known)}; others need a file {name}.toml in --declarations)"
        )
    for file, text in texts:
        settings.add(file, text)
    fingerprint = settings.fingerprint(_NOT_IN_RECIPE)
    declaration: Declaration = build(Declaration, settings, fingerprint=fingerprint)
    for key, problem in check(declaration, name):
        raise settings.error(key, problem)
    return declaration


def names(extra: Store | None = None) -> list[str]:
    """Every provider that can be loaded, packaged or in the user's folder, by name."""
    packaged = (Path(file.name) for file in data("declare", "providers").iterdir())
    own = _own(extra) if extra else ()
    return sorted({*own, *(file.stem for file in packaged if file.suffix == ".toml")})


def _packaged(name: str) -> list[tuple[str, str]]:
    files = [file for file in data("declare", "providers").iterdir() if file.name == f"{name}.toml"]
    return [(str(file), file.read_text(encoding="utf-8-sig")) for file in files]


def _users(name: str, extra: Store | None) -> list[tuple[str, str]]:
    if extra is None or name not in _own(extra):
        return []
    file = extra.url(f"{name}.toml")
    content, _ = extra.read(f"{name}.toml")
    try:
        return [(file, (content or b"").decode("utf-8-sig"))]
    except UnicodeDecodeError as error:
        raise DeclarationError(f"{file}: not UTF-8: {error}; save it as UTF-8") from error


def _own(place: Store) -> list[str]:
    """The providers that a user's folder has files for; none at all is a mistaken folder."""
    files = (Path(entry.path) for entry in place.list())
    own = [file.stem for file in files if file.suffix == ".toml" and len(file.parts) == 1]
    if not own:
        raise DeclarationError(f"{place.root}: no file NAME.toml in this folder of declarations")
    return own
