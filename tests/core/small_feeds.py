"""Small valid files of every kind that shops, search tools and evaluation tools write."""

from __future__ import annotations

import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq


def _parquet() -> bytes:
    rows = [
        {"id": n, "title": f"Stool {n}", "image": {"bytes": b"x", "path": "a.jpg"}, "price": 1.5}
        for n in range(3)
    ]
    held = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), held, compression="none")
    return held.getvalue()


#: File name → content. The names' endings say the format; two rows or more each.
FEEDS: dict[str, bytes] = {
    "shopify.csv": (
        b"Handle,Title,Type,Option1 Value,Variant Price,Image Src\n"
        b'mug,"Mug, blue",Mugs,Blue,12.00,a.jpg\nmug,,,Green,13.00,b.jpg\n'
    ),
    "woo.csv": (
        b"ID,Name,Categories,Regular price,Sale price,Parent,Images\n"
        b'7,Oak <b>Stool</b>,"Home > Stools, Sale",49,39,,"a.jpg, b.jpg"\n8,Rug,,9,,id:7,a.jpg\n'
    ),
    "google.tsv": (
        b"g:id\tg:title\tg:image_link\tg:price\n1\tLamp\ta.jpg\t5 EUR\n2\tRug\thttps://x.example/b\t\n"
    ),
    "google.xml": (
        b"<?xml version='1.0'?><rss xmlns:g='http://base.google.com/ns/1.0'><channel>"
        b"<item><g:id>1</g:id><title>Lamp</title><g:image_link>a.jpg</g:image_link></item>"
        b"<item><g:id>2</g:id><title>Rug &amp; mat</title></item></channel></rss>"
    ),
    "sep.csv": b"sep=;\nid;title;image\n1;Lamp;a.jpg\n2;Rug;b.jpg\n",
    "german.csv": "Artikelnummer;title;image\n1;Stühle „Köln“;a.jpg\n2;Grün;\n".encode("cp1252"),
    "japanese.csv": "id,title,image\n1,赤い木の椅子,a.jpg\n2,青い皿,a.jpg\n".encode("cp932"),
    "utf16.csv": "id,title,image\n1,Rosé glass,a.jpg\n2,Rug,a.jpg\n".encode("utf-16"),
    "cells.csv": (
        b'id,title,image,attributes\n1,Lamp,"[""a.jpg"",""b.jpg""]","{""colour"": ""red"", ""n"": '
        b'[1, 2]}"\n2,Rug,a.jpg,{\n'
    ),
    "list.json": b'[{"id": 1, "title": "Lamp", "image": "a.jpg"}, {"id": 2, "title": "Rug"}]',
    "named.json": b'{"products": [{"id": 1, "title": "Lamp", "image": ["a.jpg"]}, {"id": 2}]}',
    "lines.jsonl": (
        b'{"id": 1, "title": "L\\u00e4mp", "image": "a.jpg"}\n{"id": 1e3, "title": null}\n'
    ),
    "packed.csv.gz": gzip.compress(b"id,title,image\n1,Lamp,a.jpg\n2,Rug,a.jpg\n", mtime=0),
    "pictures.parquet": _parquet(),
}

LABELS: dict[str, bytes] = {
    "ratings.csv": b"query,docid,rating\nlamp,a,3\nrug,b,0\n",
    "raters.csv": b"query,doc_id,ada_rating,ben_rating\nlamp,a,3,2\nrug,b,,1\n",
    "opensearch.json": (
        b'{"judgmentRatings":[{"query":"lamp","ratings":[{"docId":"a","rating":"3.000"}]}]}'
    ),
    "own.jsonl": (
        b'{"judgment_set": {"set_id": "s", "name": "S"}}\n{"event_id": "e", "kind": "grade", '
        b'"set_id": "s", "query_id": "q", "item_id": "a", "annotator": "ada", "grade": 1, "note": '
        b'"", "at": "2026-01-01T00:00:00+00:00", "seconds": 1.5, "query_text": "lamp"}\n'
    ),
    "own.csv": (
        b"event_id,kind,set_id,query_id,query_text,query_item_id,item_id,grade,annotator,note,at,"
        b"seconds\ne1,grade,s,q1,lamp,,a,2,ada,'=x,2026-01-01T00:00:00+00:00,1.5\n"
    ),
    "trec.qrels": b"q1 0 a 2\nq1 0 b 0\nq2 0 a 1\n",
    "trec.run": b"q1 Q0 a 1 0.9 tag\nq1 Q0 b 2 0.5 tag\n",
    "queries.csv": b"query_id,text,item_id\n1,red lamp,\n2,,a\n",
    "topics.txt": b"1\tred lamp\n2\tgreen rug\n",
    "judged.csv": b"query_id,item_id,relevance\n1,a,3\n1,b,0\n",
}
