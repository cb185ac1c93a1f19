from __future__ import annotations
from collections.abc import Mapping
from typing import Any
import re
import pytest
from hypothesis import given, settings, assume, strategies as st, HealthCheck
from tests.lens_case import SHAPES, note_of, value_of
from tests.render_case import DOCUMENTS, TEXTS, WORDS
from vaultsync import lens
from vaultsync.tags import local_tag
from vaultsync.inverse import normal
from vaultsync.lens import Value

shapes = st.sampled_from(list(SHAPES))
N=3000

def same(one, other):
    if isinstance(one, tuple): return {local_tag(x) for x in one}=={local_tag(x) for x in other}
    return normal(one)==normal(other)

@settings(max_examples=N)
@given(DOCUMENTS, shapes)
def test_getput(document, shape):
    note = note_of(document, shape)
    reading = lens.read(note.text, note.layout, note.text, document)
    assert reading.refusals == ()
    assert reading.absent == reading.copies == ()
    for k, v in reading.values.items():
        assert v == value_of(document, *k)

@settings(max_examples=N)
@given(DOCUMENTS, shapes, st.data())
def test_putget(document, shape, data):
    note = note_of(document, shape)
    spans=[s for s in note.layout.spans if s.field in ("note","tags","text","color","author")]
    assume(spans)
    span=data.draw(st.sampled_from(spans))
    was=value_of(document, span.owner, span.field)
    v = data.draw(st.lists(st.one_of(st.sampled_from(was or ("x",)), st.sampled_from(["new","a/b","é"])),max_size=3,unique=True).map(tuple)) if isinstance(was,tuple) else data.draw(TEXTS)
    shown=lens.shown(v, span.via)
    back=lens.inverse(shown, span.via, "" if isinstance(was,str) else was)
    assume(back is not None and same(back, v))
    if not any(s[0] in ("quote","indent","cell") for s in span.via):
        assume("\n" not in shown)
    ours=note.text[:span.start]+shown+note.text[span.end:]
    reading=lens.read(note.text, note.layout, ours, document)
    for k, got in reading.values.items():
        want = v if k==(span.owner,span.field) else value_of(document,*k)
        assert same(got,want), (k,got,want,ours)

@settings(max_examples=N)
@given(DOCUMENTS, shapes, st.lists(st.tuples(st.integers(0,2000),st.integers(0,40),st.one_of(TEXTS,st.sampled_from(["^rw1","\n^rw2\n","- ","> ","\ufdd0","\x00","\ud800","---\n","\n  "]))),max_size=4))
def test_never(document, shape, cuts):
    note = note_of(document, shape)
    ours=note.text
    for at,n,new in cuts:
        ours=ours[:at]+new+ours[at+n:]
    reading=lens.read(note.text, note.layout, ours, document)
    for v in reading.values.values():
        assert not re.search("[\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]", v if isinstance(v,str) else "".join(v))
    for s in reading.spots: assert 0<=s.start<=s.end<=len(ours)
    for s in reading.regions.values(): assert 0<=s.start<=s.end<=len(ours)

@settings(max_examples=N)
@given(DOCUMENTS, shapes, st.lists(st.tuples(st.integers(0,100),st.sampled_from(["My line","# My head","* My item","1. My one","**My**"]))))
def test_prose(document, shape, inserts):
    note = note_of(document, shape)
    lines=note.text[note.layout.body:].split("\n")
    for at,new in inserts: lines.insert(at%(len(lines)+1),new)
    ours=note.text[:note.layout.body]+"\n".join(lines)
    reading=lens.read(note.text, note.layout, ours, document)
    for k, got in reading.values.items():
        assert same(got,value_of(document,*k)),(k,got,ours)
