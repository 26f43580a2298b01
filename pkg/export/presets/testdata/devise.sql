CREATE TABLE public.users (
    id bigint NOT NULL,
    email character varying,
    encrypted_password character varying,
    reset_password_token character varying,
    confirmed_at timestamp without time zone,
    locked_at timestamp without time zone,
    provider character varying,
    uid character varying,
    locale character varying
);
INSERT INTO public.users VALUES (1, 'only.password@example.com', '$2a$12$saltsaltsaltsaltsaltse', NULL, '2024-01-02', NULL, NULL, NULL, 'de');
INSERT INTO public.users VALUES (2, 'one.social@example.com', '', NULL, '2024-01-02', NULL, 'google_oauth2', '117', NULL);
INSERT INTO public.users VALUES (3, 'both@example.com', '$2a$12$saltsaltsaltsaltsaltse', NULL, '2024-01-02', NULL, 'github', '118', NULL);
INSERT INTO public.users VALUES (4, 'neither@example.com', '', NULL, NULL, NULL, '', '', NULL);
INSERT INTO public.users VALUES (5, 'null@example.com', NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.users VALUES (6, 'locked@example.com', '$2a$12$saltsaltsaltsaltsaltse', NULL, NULL, '2024-01-02', NULL, NULL, NULL);
INSERT INTO public.users VALUES (7, 'token@example.com', '$2a$12$saltsaltsaltsaltsaltse', NULL, NULL, NULL, 'email', 'token@example.com', NULL);
INSERT INTO public.users VALUES (8, 'uid.only@example.com', '', NULL, NULL, NULL, NULL, '119', NULL);
INSERT INTO public.users VALUES (9, 'invited@example.com', '*', NULL, NULL, NULL, ' ', NULL, NULL);
