--
-- PostgreSQL database dump
--

\restrict Zm9vYmFy

-- Dumped from database version 15.18
-- Dumped by pg_dump version 15.18

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;

CREATE TYPE public.mood AS ENUM (
    'so; so',
    'fine'
);


CREATE FUNCTION public.touch() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
begin
  -- it's
  execute 'COPY public.people (id) FROM stdin;';
  new.note := $$;$$;
  return new;
end;
$_$;


CREATE TABLE public.people (
    id bigint NOT NULL,
    email text DEFAULT 'nobody;'::text NOT NULL,
    active boolean,
    score numeric(30,5),
    ratio double precision,
    feeling public.mood,
    secret bytea,
    flags bit(5),
    tags text[],
    doc jsonb,
    twice bigint GENERATED ALWAYS AS ((id * 2)) STORED,
    CONSTRAINT "people;check" CHECK ((email <> ');'::text))
);


COMMENT ON TABLE public.people IS 'it''s
COPY public.people (id) FROM stdin;
1
\.
';


CREATE TABLE public.mood_log (
    at timestamp with time zone,
    feeling public.mood
);


COPY public.people (id, email, active, score, ratio, feeling, secret, flags, tags, doc) FROM stdin;
1	ada@example.org	t	1.50000	1.5e+300	fine	\\x000102ff5c27	10101	{"a\\"b","c\\\\d","new\nline",NULL}	{"a": "b\\\\n';"}
2	tab\there\\N 'quoted' \b\f\v\r\n end	f	12345678901234567890.12345	NaN	so; so	\N	\N	{}	\N
-3		\N	-1	-Infinity	\N	\\x	00000	\N	null
9223372036854775807	\\.	t	0.00000	-0	\N	\N	\N	\N	"\\u0041"
\.


COPY public.mood_log (at, feeling) FROM stdin;
2024-02-29 12:00:00+00	fine
2024-02-29 12:00:01+00	\N
\.


ALTER TABLE ONLY public.people
    ADD CONSTRAINT people_pkey PRIMARY KEY (id);


--
-- PostgreSQL database dump complete
--

\unrestrict Zm9vYmFy

