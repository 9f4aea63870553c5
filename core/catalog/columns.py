"""Find out which column of a catalogue file means what."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import CatalogError

#: Names that mean a field, the most telling first; compared after ``normalise``.
_FIELD_NAMES = {
    "item_id": (
        "item_id product_id id sku asin article_id article_number product_code uniq_id unique_id "
        "code handle gtin ean upc barcode doc_id docid"
    ),
    "title": (
        "title product_title product_name product_display_name display_name item_name prod_name "
        "article_name name headline product label"
    ),
    "description": (
        "description product_description long_description full_description body_html body "
        "description_text detail_desc details detail desc short_description summary about text"
    ),
    "image": (
        "image photo picture image_url image_link image_src image_path image_file image_filename "
        "image_name main_image primary_image img img_url img_src img_path photo_url photo_path "
        "picture_url picture_link images image_urls file_name filename file path thumbnail"
    ),
    "product_type": (
        "product_type article_type product_type_name item_type garment_type product_class class "
        "subcategory sub_category product_category category_name category categories type "
        "google_product_category category_path"
    ),
    "department": (
        "department dept department_name master_category main_category top_category division "
        "index_group_name product_group_name section category_path breadcrumbs breadcrumb "
        "google_product_category category_tree taxonomy category"
    ),
    "price": (
        "price sale_price selling_price current_price price_value list_price retail_price "
        "variant_price amount"
    ),
    "group": (
        "group group_id parent_id item_group_id parent_sku parent_asin parent_product_id "
        "variant_group style_id model_id"
    ),
    "url": "url product_url link product_link page_url web_url item_url href",
    "credit": "credit credits creator photographer photo_credit image_credit attribution",
    "licence": "licence license licence_name license_name rights",
    "licence_url": "licence_url license_url licence_link license_link",
    "source": "source data_source",
}
_ATTRIBUTE_NAMES = {
    "colour": (
        "colour color base_colour base_color colour_name color_name product_colour product_color "
        "colour_group_name"
    ),
    "brand": "brand brand_name manufacturer vendor",
    "gender": "gender sex target_gender",
    "material": "material materials fabric composition",
}
FIELDS = tuple(_FIELD_NAMES)
ATTRIBUTES = tuple(_ATTRIBUTE_NAMES)

#: Columns of packed data sets that say nothing about the product.
_TECHNICAL = re.compile(
    r"(^|_)(md5|sha1|sha256|phash|checksum|embedding|embeddings|vector|unnamed|index)(_|$)"
    r"|^column_\d+$|^(created|updated|modified)(_at|_on)?$|^timestamp$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NO_WORD = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """Which column each field of an item comes from; an empty name means none.

    ``attributes`` gives the column of each further attribute, by the attribute's name;
    ``categories`` all columns that may hold the product type or the department, where nobody said
    which one is the type.
    """

    title: str
    image: str
    item_id: str = ""
    description: str = ""
    product_type: str = ""
    department: str = ""
    price: str = ""
    group: str = ""
    url: str = ""
    credit: str = ""
    licence: str = ""
    licence_url: str = ""
    source: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    categories: tuple[str, ...] = ()


def normalise(name: str) -> str:
    """A column name in lower case with single underscores: ``baseColour`` → ``base_colour``."""
    return _NO_WORD.sub("_", _CAMEL.sub("_", name.strip())).strip("_").lower()


def attribute_name(name: str) -> str:
    """The name under which a column's values go to ``Item.attributes``: ``Color`` → ``colour``."""
    plain = normalise(name)
    return next(
        (known for known, names in _ATTRIBUTE_NAMES.items() if plain in names.split()), plain
    )


def is_technical(name: str) -> bool:
    """Whether a column (normalised name) holds bookkeeping rather than a fact on the product."""
    return not name or _TECHNICAL.search(name) is not None


def guess_columns(names: Sequence[str], overrides: Mapping[str, str] | None = None) -> ColumnMap:
    """Map a file's columns to the fields of an item.

    Columns that mean no field become attributes under their own name.

    Args:
        names: The file's column names.
        overrides: Field or attribute → column, instead of the guess; an empty column means that
            the field is left empty.

    Raises:
        CatalogError: An override names a field or column that does not exist, or there is no
            column for the title or the image.
    """
    overrides = dict(overrides or {})
    _check_overrides(names, overrides)
    by_plain: dict[str, str] = {}
    for name in names:
        by_plain.setdefault(normalise(name), name)

    found: dict[str, str] = {}
    for kind, synonyms in (_FIELD_NAMES | _ATTRIBUTE_NAMES).items():
        if kind in overrides:
            continue
        taken = set(found.values())
        candidates = (by_plain[plain] for plain in synonyms.split() if plain in by_plain)
        found[kind] = next((name for name in candidates if name not in taken), "")
    found |= overrides
    for needed, example in (("title", "name"), ("image", "photo")):
        if not found[needed]:
            raise CatalogError(
                f"No column was found for the {needed}. {_list(names)} Say which one it is, for "
                f"example --column {needed}={example}."
            )
    fields = {kind: found[kind] for kind in FIELDS}
    chosen = {"product_type", "department"} & set(overrides)
    categories = () if chosen else _categories(names)
    attributes = _attributes(names, found)
    return ColumnMap(**fields, attributes=attributes, categories=categories)


def _categories(names: Sequence[str]) -> tuple[str, ...]:
    """The columns that may hold a product type or a department, in the order of the file."""
    said = f"{_FIELD_NAMES['department']} {_FIELD_NAMES['product_type']}".split()
    return tuple(name for name in names if normalise(name) in said)


def _attributes(names: Sequence[str], found: Mapping[str, str]) -> dict[str, str]:
    attributes = {kind: found[kind] for kind in ATTRIBUTES if found[kind]}
    used = set(found.values())
    for name in names:
        plain = normalise(name)
        if name not in used and not is_technical(plain):
            attributes.setdefault(plain, name)
    return attributes


def _check_overrides(names: Sequence[str], overrides: Mapping[str, str]) -> None:
    for kind, column in overrides.items():
        if kind not in FIELDS + ATTRIBUTES:
            raise CatalogError(
                f"“{kind}” is not a field that a column can be given for. The fields are: "
                f"{', '.join(FIELDS + ATTRIBUTES)}."
            )
        if column and column not in names:
            raise CatalogError(
                f"There is no column “{column}” to take the {kind} from. {_list(names)}"
            )


def _list(names: Sequence[str]) -> str:
    shown = ", ".join(name[:60] for name in names[:60])
    return f"The columns are: {shown}{' …' if len(names) > 60 else ''}."
