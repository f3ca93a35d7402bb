"""Tells MkDocs which files the site has: the repository's own, in the places that they have there.

So a link that leads somewhere in a checkout leads there in the site, too. Code and configs that
documents link to become pages of their own.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[1]
AS_THEY_ARE = (
    "*.md",
    "benchmarks/README.md",
    "benchmarks/recorded/*",
    "docs/**/*.md",
    "docs/images/*",
    "docs/results/*.csv",
    "docs/sweep.schema.json",
    "docs/theme/*",
)
AS_PAGES = ("LICENSE", "configs/*", "cluster/launch/*", "docs/examples/*/*.py")
SOURCE = {".py": "python", ".yaml": "yaml", ".sh": "bash"}
INDEX = "README.md"
LINK = re.compile(r"(?<=\]\()[^)#\s:]+")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Fills in what the navigation names by its folder, and names headings as code hosts do."""
    config.nav = list(_listed(config.nav or []))
    config.mdx_configs["toc"] = {"slugify": heading_id, "permalink": True}
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Returns the site's files: those of the theme, and the repository's in place of `docs_dir`."""
    theirs = [file for file in files if file.src_dir != config.docs_dir]
    ours = [File.generated(config, _name(f), abs_src_path=str(f)) for f in _found(AS_THEY_ARE)]
    pages = [File.generated(config, f"{_name(f)}.md", content=_shown(f)) for f in _found(AS_PAGES)]
    return Files([*theirs, *ours, *pages])


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Returns the text with its links to code and configs leading to their pages."""
    here = posixpath.dirname(page.file.src_uri)
    pages = {_name(file) for file in _found(AS_PAGES)}

    def led(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(here, link[0]))
        return f"{link[0]}.md" if target in pages else link[0]

    return LINK.sub(led, markdown)


def heading_id(text: str, separator: str) -> str:
    """Returns the name by which a heading is linked to, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", separator)


def _listed(entries: Sequence[Any]) -> Iterator[Any]:
    """Yields entries of the navigation, a folder's name as all of its pages, its index first."""
    for entry in entries:
        if isinstance(entry, dict):
            ((title, inner),) = entry.items()
            yield {title: inner if isinstance(inner, str) else list(_listed(inner))}
        elif entry.endswith("/"):
            pages = _found([f"{entry}*.md"]) if entry != "/" else _found(AS_PAGES)
            names = (_name(page).removesuffix(".md") + ".md" for page in pages)
            yield from sorted(names, key=lambda name: (not name.endswith(INDEX), name))
        else:
            yield entry


def _found(patterns: Sequence[str]) -> Iterator[Path]:
    for pattern in patterns:
        yield from sorted(path for path in ROOT.glob(pattern) if path.is_file())


def _shown(file: Path) -> str:
    text = file.read_text(encoding="utf-8").rstrip()
    return f"# {_name(file)}\n\n````{SOURCE.get(file.suffix, 'text')}\n{text}\n````\n"


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()
