--
-- PostgreSQL database dump
--

\restrict c2FtcGxl

-- Dumped from database version 16.4
-- Dumped by pg_dump version 16.4

SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);

CREATE TABLE public.users (
    id integer NOT NULL,
    code character varying(20),
    email text,
    name text DEFAULT 'nobody;'::text,
    password_hash text,
    provider text,
    lang character varying(5)
);


ALTER TABLE public.users OWNER TO app;

COPY public.users (id, code, email, name, password_hash, provider, lang) FROM stdin;
1	A-1	jane@example.org	Jane	$2b$12$aaaa	\N	en
2	007	joe@example.net	Joe, "the" O'Neil	\N	google	de
3	7	sam@example.com	Sam \\ é😀	$2b$12$cccc	saml	en
4	B-4	\N	Two\nlines	$2b$12$dddd		\N
10	8	neither@example.org	\N	!	\N	fr
\.


--
-- Name: users users_pkey; Type: CONSTRAINT; Schema: public; Owner: app
--

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

--
-- PostgreSQL database dump complete
--

\unrestrict c2FtcGxl
