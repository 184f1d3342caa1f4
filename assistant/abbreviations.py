"""Abbreviations whose full stop does not end a sentence: folded, without the last stop."""

# ruff: noqa: SIM905

from __future__ import annotations

# The sentence goes on after these, whatever follows: "p. ex. la santé".
CONNECTIVES = frozenset(
    """
    p.ex ex cf vgl vs e.g i.e c.-a-d c.a.d z.b d.h u.a o.a m.a.w d.w.z bzw bijv bv tzn tj np
    por.ej p.ej t.j ebd zzgl inkl см т.е напр orn bkz viz ibid
    """.split()
)
# A name follows a title: "M. Diop".
TITLES = frozenset(
    """
    m mm mgr me dr drs pr prof st ste mr mrs ms rev gen col capt lt sgt hon sr sra srta sres
    dra ing lic dott avv sig arch hr fr frl inz ks ul im проф акад ул им doc av yrd
    """.split()
)
# A number follows a reference: "art. 5", "n. 12".
REFERENCES = frozenset(
    """
    art arts al alin chap ch cap vol t p pp pag pags par sect sec fig figs tab tabl ann app
    no nr nos num n env approx ca c v s bl rn abs bd max min tel fax ap poz rys sn гл рис стр ст
    п пп табл jan feb mar apr jun jul aug sep sept oct okt nov dec janv fevr avr juil
    """.split()
)
# They may close a sentence: cut only before a word that opens one ("etc. Le Bureau…").
SELDOM_LAST = frozenset(
    """
    etc ecc usw itd itp vb vd v.b enz inc ltd co corp sa bros jr j.-c
    n.chr v.chr a.m p.m т.д т.п др г гг руб млн млрд тыс ud uds vda
    """.split()
)
