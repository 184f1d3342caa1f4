"""A generation of an index that lives in memory only: for learning, not for serving."""

from __future__ import annotations
import math
from collections import Counter, defaultdict
import numpy as np
from assistant import language
from assistant.types import Document, Heading
from assistant.chunks import chunks, reader_input
from assistant.units import split
import hashlib, re


def markdown(name, text):
    out, heads, at = [], [], 0
    for line in text.split("\n"):
        m = re.match(r"(#+)\s+(.*)", line)
        body = re.sub(r"\\([\\`*_\[\]<>#~|])", r"\1", m[2].strip() if m else line)
        if m:
            heads.append(Heading(body, len(m[1]), at, at + len(body)))
        out.append(body)
        at += len(body) + 1
    t = "\n".join(out)
    return Document(
        name,
        heads[0].text if heads else name,
        t,
        hashlib.sha256(t.encode()).hexdigest(),
        language.detect(t[:3000]),
        tuple(heads),
    )


class BM25:
    def __init__(s, docs, k1=1.2, b=0.75):
        s.n = len(docs)
        L = np.array([max(1, len(d)) for d in docs])
        av = L.mean()
        post = defaultdict(list)
        for i, d in enumerate(docs):
            for t, c in Counter(d).items():
                post[t].append((i, c * (k1 + 1) / (c + k1 * (1 - b + b * L[i] / av))))
        s.post = {
            t: (np.array([i for i, _ in p]), np.array([v for _, v in p], np.float32))
            for t, p in post.items()
        }

    def idf(s, t):
        df = len(s.post[t][0]) if t in s.post else 0
        return math.log(1 + (s.n - df + 0.5) / (df + 0.5))

    def __call__(s, terms):
        sc = np.zeros(s.n, np.float32)
        for t in set(terms):
            if t in s.post:
                i, v = s.post[t]
                sc[i] += s.idf(t) * v
        return sc


class Lex:
    def __init__(s, units, passages):
        s.u, s.p = BM25(units), BM25(passages)

    def unit_scores(s, t):
        return s.u(t)

    def passage_scores(s, t):
        return s.p(t)

    def idf(s, t):
        return s.u.idf(t)

    def known(s, t):
        return t in s.u.post or t in s.p.post


class Memory:
    generation = "memory"

    def __init__(s, files, encode, reader=None):
        docs = [markdown(n, t) for n, t in sorted(files.items())]
        s.documents = {d.id: d for d in docs}
        s.unit_list = []
        s.passages = []
        first = []
        for d in docs:
            us, ps = split(d)
            by = defaultdict(list)
            for p in ps:
                by[p.unit].append(p)
            for u in us:
                first.append(len(s.passages))
                s.unit_list.append(u)
                s.passages += by[u.id]
        s.units = {u.id: u for u in s.unit_list}
        s.first_passage = np.array(first)
        ul = {u.id: u for u in s.unit_list}
        s.titled_vectors = encode([ul[p.unit].heading + ". " + p.text for p in s.passages])
        s.clause_vectors = encode([p.text for p in s.passages])
        s.heading_vectors = encode([u.heading for u in s.unit_list])
        lg = lambda u: s.documents[u.document].language
        ends = first[1:] + [len(s.passages)]
        ut = [
            language.terms(" ".join(u.path), lg(u))
            + language.terms(s.documents[u.document].text[u.start : u.end], lg(u))
            for u in s.unit_list
        ]
        pt = [language.terms(ul[p.unit].heading + " " + p.text, lg(ul[p.unit])) for p in s.passages]
        s.lexical = Lex(ut, pt)

        s.first_chunk, vecs = [], []
        if reader:
            texts = []
            for k, u in enumerate(s.unit_list):
                s.first_chunk.append(len(texts))
                for c in chunks(s.passages, first[k], ends[k]): texts.append(reader_input(c, s.passages, u, s.documents[u.document])[0])
            for i in range(0, len(texts), 64): vecs += [e.mean for e in reader.encode(texts[i:i+64], "passage")]
        s.first_chunk = np.array(s.first_chunk); s.chunk_vectors = np.array(vecs, np.float32).reshape(-1, 384)
    def nearest(s, v, k):
        sc = s.titled_vectors @ v
        i = np.argsort(-sc)[:k]
        return [(int(j), float(sc[j])) for j in i]
