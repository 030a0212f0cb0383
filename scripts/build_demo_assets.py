"""Rebuild the pictures of the demo set and of the gallery from two Debian packages.

    python scripts/build_demo_assets.py                # fetches 205 MB with apt-get
    python scripts/build_demo_assets.py --debs FOLDER  # uses .deb files that are there

The same packages give the same files, byte for byte with the same libwebp and libjpeg.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated

import demo_selection as selection
import rcc
import typer
from PIL import Image
from rich.console import Console

PACKAGES = {
    "tuxpaint-stamps-default": ("2022.06.04-1", "6db6c1bfc870a47f"),
    "gcompris-qt-data": ("3.1-2", "e9cf06ab21055290"),
}
"""Package → (version, first 16 hex digits of the sha256 of its .deb)."""
STAMPS_DIR, RCC_DIR = "usr/share/tuxpaint/stamps", "usr/share/gcompris-qt/rcc"
STAMP_AUTHOR, STAMP_LICENCE = "2002-2022 by Bill Kendrick and contributors", "GPL-2.0-or-later"
DEMO = Path(__file__).resolve().parents[1] / "ssenet" / "data" / "demo"
COLUMNS = ("file", "sha256", "kind", "class", "split", "package", "source", "author", "licence", "url")
GALLERY_COLUMNS = ("file", "sha256", "title", "author", "licence", "source", "package", "path", "classes")
console = Console(stderr=True)


@dataclass(frozen=True)
class Picture:
    """One picture of a package, on its way into the demo set."""

    name: str
    subject: str
    image: Image.Image
    package: str
    source: str
    author: str
    licence: str
    url: str
    label: str = ""
    split: str = ""

    @property
    def kind(self) -> str:
        return "cutout" if self.label else "background"

    @property
    def file(self) -> str:
        return f"cutouts/{self.label}/{self.name}.webp" if self.label else f"backgrounds/{self.name}.jpg"


def fetch(folder: Path) -> None:
    """Download both packages into ``folder`` with apt-get."""
    names = [f"{name}={version}" for name, (version, _) in PACKAGES.items()]
    subprocess.run(["apt-get", "download", *names], cwd=folder, check=True)


def extract(debs: Path, target: Path) -> None:
    """Unpack the two packages after checking that they are the ones the demo set is made of."""
    for name, (_, digest) in PACKAGES.items():
        found = sorted(debs.glob(f"{name}_*.deb"))
        if not found:
            raise typer.BadParameter(f"no {name}_*.deb in {debs}")
        actual = hashlib.sha256(found[0].read_bytes()).hexdigest()
        if not actual.startswith(digest):
            raise typer.BadParameter(f"{found[0].name} has sha256 {actual[:16]}…, expected {digest}…")
        subprocess.run(["dpkg-deb", "-x", str(found[0]), str(target)], check=True)


def trimmed(image: Image.Image) -> Image.Image:
    """The part of ``image`` that is not transparent, at most ``LARGEST_SIDE`` long."""
    rgba = image.convert("RGBA")
    box = rgba.getchannel("A").point(lambda a: 255 if a > 127 else 0).getbbox()
    rgba = rgba.crop(box) if box else rgba
    rgba.thumbnail((selection.LARGEST_SIDE, selection.LARGEST_SIDE), Image.Resampling.LANCZOS)
    return rgba


def stamps(root: Path) -> Iterator[Picture]:
    """Cut-outs of the stamps package."""
    for label, folders in selection.STAMPS.items():
        for entry in folders:
            folder, _, only = entry.partition(":")
            for path in sorted((root / folder).glob("*.png")):
                if path.stem in selection.LEFT_OUT or (only and path.stem not in only.split(",")):
                    continue
                source = f"{STAMPS_DIR}/{folder}/{path.name}"
                subject = selection.subject_of(path.stem)
                yield Picture(
                    path.stem, subject, trimmed(Image.open(path)), "tuxpaint-stamps-default", source,
                    STAMP_AUTHOR, STAMP_LICENCE, "https://tuxpaint.org/stamps/", label,
                )  # fmt: skip


class Resources:
    """Photographs inside the GCompris resource files, with the notices beside them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._files: dict[str, dict[str, bytes]] = {}

    def pictures(self, archive: str, prefix: str) -> Iterator[Picture]:
        """Every photograph below ``prefix`` that has a notice."""
        files = self._files.setdefault(archive, rcc.read(self.root / f"{archive}.rcc"))
        notices = rcc.notices(files)
        for path in sorted(files):
            if path.startswith(prefix) and path.endswith(".webp") and path in notices:
                notice, name = notices[path], PurePosixPath(path).stem
                licence = notice["License"].replace("Public Domain", "Public domain")
                image = Image.open(io.BytesIO(files[path]))
                yield Picture(
                    name, selection.subject_of(name), image, "gcompris-qt-data", f"{RCC_DIR}/{archive}.rcc:{path}",
                    notice["Copyright"], licence, notice.get("Source", ""),
                )  # fmt: skip


def sprites(resources: Resources) -> Iterator[Picture]:
    """Fish cut-outs: the first of the two frames that lie side by side."""
    for picture in resources.pictures("clickgame", selection.SPRITES):
        if not picture.name.startswith(selection.NOT_FISH):
            image = picture.image.convert("RGBA")
            first = trimmed(image.crop((0, 0, image.width // 2, image.height)))
            yield replace(picture, image=first, label="fish")


def backgrounds(resources: Resources) -> list[Picture]:
    """Free photographs without a near-duplicate; those that look alike share a subject."""
    found: dict[str, Picture] = {}
    for archive, prefix in selection.BACKGROUNDS:
        for picture in resources.pictures(archive, prefix):
            if picture.name in selection.NOT_BACKGROUND or picture.licence not in selection.FREE_LICENCES:
                continue
            image = picture.image.convert("RGB")
            image.thumbnail((640, 640), Image.Resampling.LANCZOS)
            name = f"{archive.removeprefix('explore_')}-{picture.name}"
            found[name] = replace(picture, name=name, image=image)
    for one, other, alike in selection.near_duplicates({n: p.image for n, p in found.items()}, selection.ALIKE):
        if one not in found or other not in found:
            continue
        if alike > selection.DUPLICATE:
            del found[min(one, other, key=lambda n: max(found[n].image.size))]
        else:
            found = merge_subjects(found, found[one].subject, found[other].subject)
    return list(found.values())


def merge_subjects(pictures: dict[str, Picture], kept: str, merged: str) -> dict[str, Picture]:
    """Give every picture of subject ``merged`` the subject ``kept``."""
    return {n: replace(p, subject=kept) if p.subject == merged else p for n, p in pictures.items()}


def with_split(pictures: Iterable[Picture]) -> list[Picture]:
    """Assign train or val, class by class."""
    groups: dict[str, list[Picture]] = {}
    for picture in pictures:
        groups.setdefault(picture.label, []).append(picture)
    out: list[Picture] = []
    for group in groups.values():
        sides = selection.split_of([selection.Candidate(p.name, p.subject, max(p.image.size)) for p in group])
        out += [replace(p, split=sides[p.name]) for p in group]
    return out


def encoded(picture: Picture) -> bytes:
    """The bytes of ``picture`` as it is shipped."""
    buffer = io.BytesIO()
    if picture.kind == "cutout":
        picture.image.save(buffer, "WEBP", quality=90, alpha_quality=100, method=6)
    else:
        picture.image.save(buffer, "JPEG", quality=85, optimize=True)
    return buffer.getvalue()


def write_table(path: Path, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *sorted(rows)])


def write_assets(folder: Path, pictures: list[Picture]) -> None:
    """Write the pictures and NOTICE.csv; LICENSE is kept. The old files stay until the new ones are complete."""
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        fresh = Path(scratch) / "fresh"
        rows = [_write_picture(fresh, picture) for picture in pictures]
        write_table(fresh / "NOTICE.csv", COLUMNS, rows)
        if (folder / "LICENSE").exists():
            shutil.copy(folder / "LICENSE", fresh)
        if folder.exists():
            folder.rename(Path(scratch) / "old")
        fresh.rename(folder)


def _write_picture(folder: Path, p: Picture) -> tuple[str, ...]:
    """Write one picture; its row of NOTICE.csv."""
    data, path = encoded(p), folder / p.file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    sha = hashlib.sha256(data).hexdigest()
    return (p.file, sha, p.kind, p.label, p.split, p.package, p.source, p.author, p.licence, p.url)


def write_gallery(folder: Path, resources: Resources) -> None:
    """Write the sample photographs, at most 800 px long, and their NOTICE.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[str, ...]] = []
    for key, (path, title, classes) in selection.GALLERY.items():
        archive = PurePosixPath(path).parts[3]
        picture = next(p for p in resources.pictures(archive, path + ".webp"))
        if picture.licence not in selection.FREE_LICENCES:
            raise typer.BadParameter(f"{path} is not free of conditions: {picture.licence}")
        image = picture.image.convert("RGB")
        image.thumbnail((800, 800), Image.Resampling.LANCZOS)
        image.save(folder / f"{key}.jpg", "JPEG", quality=88, optimize=True)
        sha = hashlib.sha256((folder / f"{key}.jpg").read_bytes()).hexdigest()
        row = (f"{key}.jpg", sha, title, picture.author, picture.licence, picture.url, picture.package)
        rows.append((*row, picture.source, classes))
    write_table(folder / "NOTICE.csv", GALLERY_COLUMNS, rows)


def build(root: Path, output: Path) -> list[Picture]:
    """Everything, from the extracted packages below ``root``."""
    resources = Resources(root / RCC_DIR)
    cutouts = [*stamps(root / STAMPS_DIR), *sprites(resources)]
    large = [p for p in cutouts if max(p.image.size) >= selection.SMALLEST_SIDE]
    pictures = with_split([*large, *backgrounds(resources)])
    write_assets(output / "assets", pictures)
    write_gallery(output / "gallery", resources)
    return pictures


def main(
    debs: Annotated[Path | None, typer.Option(help="Folder with the two .deb files; fetched when not given.")] = None,
    extracted: Annotated[Path | None, typer.Option(help="Root of both packages, already unpacked.")] = None,
    output: Annotated[Path, typer.Option(help="Folder that gets assets/ and gallery/.")] = DEMO,
) -> None:
    """Rebuild the demo set's pictures and the gallery."""
    with tempfile.TemporaryDirectory() as scratch:
        root = extracted or Path(scratch) / "root"
        if extracted is None:
            if debs is None:
                fetch(Path(scratch))
            extract(debs or Path(scratch), root)
        pictures = build(root, output)
    cutouts = sum(p.kind == "cutout" for p in pictures)
    console.print(f"{cutouts} cut-outs and {len(pictures) - cutouts} backgrounds in {output / 'assets'}")


if __name__ == "__main__":
    typer.run(main)
