CREATE TABLE public.auth_user (
    id integer,
    password character varying(128),
    last_login timestamp with time zone,
    is_superuser boolean,
    username character varying(150),
    first_name character varying(150),
    last_name character varying(150),
    email character varying(254),
    is_staff boolean,
    is_active boolean,
    date_joined timestamp with time zone
);
INSERT INTO public.auth_user VALUES (1, 'pbkdf2_sha256$600000$c2FsdA$aGFzaA=', NULL, false, 'password', 'Only', 'Password', 'only.password@example.com', false, true, '2024-01-02 03:04:05+00');
INSERT INTO public.auth_user VALUES (2, '!kYwQ1l8nLJ0lYb8m4Qm2', NULL, false, 'social', '', '', 'one.social@example.com', false, true, '2024-01-02 03:04:05+00');
INSERT INTO public.auth_user VALUES (3, 'argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdA$aGFzaA', NULL, false, 'both', 'Bo', '', 'both@example.com', false, true, '2024-01-02 03:04:05+00');
INSERT INTO public.auth_user VALUES (4, '!aaaaaaaaaaaaaaaaaaaa', NULL, false, 'allauth', '', '', 'allauth@example.com', false, true, '2024-01-02 03:04:05+00');
INSERT INTO public.auth_user VALUES (5, '!bbbbbbbbbbbbbbbbbbbb', NULL, false, 'neither', '', '', 'neither@example.com', false, true, '2024-01-02 03:04:05+00');
INSERT INTO public.auth_user VALUES (6, 'pbkdf2_sha256$600000$c2FsdA$aGFzaA=', NULL, false, 'inactive', '', '', 'inactive@example.com', false, false, '2024-01-02 03:04:05+00');
INSERT INTO public.auth_user VALUES (7, '', NULL, false, 'empty', '', '', '', false, true, '2024-01-02 03:04:05+00');
INSERT INTO public.auth_user VALUES (8, 'pbkdf2_sha256$600000$c2FsdA$aGFzaA=', NULL, false, 'form', '', '', 'form@example.com', false, true, '2024-01-02 03:04:05+00');
INSERT INTO public.auth_user VALUES (9, '!', NULL, false, 'blank', '', '', 'blank.provider@example.com', false, true, '2024-01-02 03:04:05+00');
CREATE TABLE public.social_auth_usersocialauth (
    id bigint,
    provider character varying(32),
    uid character varying(255),
    extra_data jsonb,
    user_id integer
);
INSERT INTO public.social_auth_usersocialauth VALUES (1, 'google-oauth2', 'one.social@example.com', '{}', 2);
INSERT INTO public.social_auth_usersocialauth VALUES (2, 'github', '3', '{}', 3);
INSERT INTO public.social_auth_usersocialauth VALUES (3, 'twitter', '3', '{}', 3);
INSERT INTO public.social_auth_usersocialauth VALUES (4, 'email', 'form@example.com', '{}', 8);
INSERT INTO public.social_auth_usersocialauth VALUES (5, ' ', '9', '{}', 9);
INSERT INTO public.social_auth_usersocialauth VALUES (6, 'google-oauth2', 'nobody', '{}', NULL);
INSERT INTO public.social_auth_usersocialauth VALUES (7, 'google-oauth2', 'gone', '{}', 77);
CREATE TABLE public.socialaccount_socialaccount (
    id integer,
    provider character varying(200),
    uid character varying(191),
    user_id integer
);
INSERT INTO public.socialaccount_socialaccount VALUES (1, 'microsoft', 'm4', 4);
