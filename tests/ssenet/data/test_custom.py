"""CSV lists of one's own images."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ssenet.config import DatasetSpec
from ssenet.data import open_dataset
from ssenet.errors import DatasetError


def test_all_columns(csv_folder: Any, masks: Any, pictures: Any) -> None:
    data = csv_folder.open(
        "image,labels,split,mask\n"
        "photos/a.png,cat; dog,train,\n"
        "photos/b.png,,val,mask.png\n"
        "photos/c.png,,train,\n"
    )  # fmt: skip
    assert data.classes == ("cat", "dog")
    assert data.splits == {"train": 2, "val": 1}
    assert data.ids("train") == ["photos__a", "photos__c"]
    np.testing.assert_array_equal(data.sample("train", 0).labels, [1, 1])
    np.testing.assert_array_equal(data.sample("train", 0).image, pictures(0))
    np.testing.assert_array_equal(data.sample("train", 1).labels, [0, 0])
    np.testing.assert_array_equal(data.sample("val", 0).labels, [0, 1])
    np.testing.assert_array_equal(data.sample("val", 0).mask, masks(2))
    assert data.masked_splits == ("val",)
    assert data.label_source == "labels from list.csv; masks: 1 of 3 images"
    assert data.check() == []


def test_short_form_quotes_and_byte_order_mark(csv_folder: Any) -> None:
    data = csv_folder.open('\ufeffImage,Labels\r\n"photos/a.png","cat;dog"\r\n\r\nphotos/b.png,dog\r\n')
    assert data.splits == {"train": 2}
    np.testing.assert_array_equal(data.sample("train", 1).labels, [0, 1])
    assert not data.has_masks


def test_given_labels_win_over_the_mask(csv_folder: Any) -> None:
    data = csv_folder.open("image,labels,mask\nphotos/a.png,cat,mask.png\n", classes=("cat", "dog"))
    np.testing.assert_array_equal(data.sample("train", 0).labels, [1, 0])


def test_classes_txt_gives_the_order(csv_folder: Any) -> None:
    (csv_folder.root / "classes.txt").write_text("dog\ncat\n")
    data = csv_folder.open("image,labels\nphotos/a.png,cat\n")
    np.testing.assert_array_equal(data.sample("train", 0).labels, [0, 1])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("image,labels\nphotos/a.png,cat\nphotos/gone.png,cat\n", r"line 3: there is no file photos/gone\.png"),
        ("image,labels\n../own2/a.png,cat\n", "line 2: .*outside the folder"),
        ("image,labels\n/etc/passwd,cat\n", "line 2: .*outside the folder"),
        ("image,labels\nphotos/a.png,cow\n", "line 2: unknown class 'cow'; the classes are: cat, dog"),
        ("image,labels\nphotos/a.png,cat\nphotos/a.png,dog\n", "line 3: photos__a is already in line 2"),
        ("image,labels\nphotos/a.png,cat,dog\n", "line 2: 3 fields where the header has 2"),
        ("image;labels\nphotos/a.png;cat\n", "no column 'image'; its first line should be image,labels"),
        ("image,labels,colour\nphotos/a.png,cat,red\n", "unexpected columns"),
        ("image,labels\n", "lists no images"),
        ("", "no column 'image'"),
        ("image,labels,split\nphotos/a.png,cat,a/b\n", "line 2: 'a/b' is not a split name"),
        ("image,labels,mask\nphotos/a.png,cat,gone.png\n", "line 2: there is no file gone"),
        ("image,labels\n,cat\n", "line 2: the image is empty"),
        ("image,labels\nlist.csv,cat\n", "line 2: list.csv is not a"),
        ('image,labels\n"photos/a.png,cat\n', "not a CSV file"),
        (b"image,labels\nphotos/\xe9.png,cat\n", "not UTF-8 text"),
        ("image,labels\nphotos/a\0.png,cat\n", "line 2"),
    ],
)
def test_tables_that_are_wrong_name_the_line(csv_folder: Any, text: str | bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        csv_folder.open(text, classes=("cat", "dog"))


def test_one_image_may_be_in_two_splits(csv_folder: Any) -> None:
    data = csv_folder.open("image,labels,split\nphotos/a.png,x,train\nphotos/a.png,x,val\n")
    assert data.splits == {"train": 1, "val": 1}


def test_a_list_without_any_class(csv_folder: Any) -> None:
    with pytest.raises(DatasetError, match="0 classes"):
        csv_folder.open("image,labels\nphotos/a.png,\n")


def test_a_file_that_does_not_exist(tmp_path: Any) -> None:
    with pytest.raises(DatasetError, match="There is no file"):
        open_dataset(DatasetSpec(name="x", kind="csv", path=str(tmp_path / "no.csv")))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=80) | st.binary(max_size=80) | st.text("imagelbs,;\n\"'/.\0", max_size=40))
def test_no_table_whatever_gives_another_error(csv_folder: Any, text: str | bytes) -> None:
    content = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    for start in (b"", b"image,labels\n"):
        with pytest.raises(DatasetError):
            csv_folder.open(start + content)
