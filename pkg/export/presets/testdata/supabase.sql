CREATE TABLE auth.users (
    instance_id uuid,
    id uuid NOT NULL,
    email character varying(255),
    encrypted_password character varying(255),
    raw_app_meta_data jsonb,
    raw_user_meta_data jsonb,
    phone text,
    banned_until timestamp with time zone,
    deleted_at timestamp with time zone
);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000001', 'only.password@example.com', '$2a$10$saltsalt', '{"provider": "email", "providers": ["email"]}', '{"full_name": "Only Password", "locale": "de"}', NULL, NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000002', 'one.social@example.com', NULL, '{"provider": "google", "providers": ["google"]}', '{"name": "One Social", "full_name": ""}', NULL, NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000003', 'both@example.com', '$2a$10$saltsalt', '{"provider": "email", "providers": ["email", "github"]}', '{"user_name": "both"}', NULL, NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000004', NULL, '$2a$10$saltsalt', '{"provider": "phone", "providers": ["phone"]}', '{}', '15550100', NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000005', 'saml@example.com', NULL, '{"provider": "sso:1f2e", "providers": ["sso:1f2e"]}', '{}', NULL, NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000006', 'banned@example.com', '$2a$10$saltsalt', '{}', NULL, NULL, '2030-01-01', '2024-01-02');
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000007', 'only.in.app.data@example.com', '$2a$10$saltsalt', '{"provider": "email", "providers": ["email", "azure"]}', NULL, NULL, NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000008', 'old.app.data@example.com', '$2a$10$saltsalt', '{"provider": "email"}', NULL, NULL, NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000009', 'broken@example.com', '$2a$10$saltsalt', '{"provider": "email"', 'x', NULL, NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000010', 'odd@example.com', '$2a$10$saltsalt', '{"provider": ["email"], "providers": [null, 7, {"a": "email"}, ["email"], ""]}', '[]', NULL, NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000011', NULL, NULL, '{}', '{}', NULL, NULL, NULL);
INSERT INTO auth.users VALUES (NULL, '00000000-0000-4000-8000-000000000012', 'unlinked@example.com', '$2a$10$saltsalt', '{"provider": "email", "providers": ["email", "github"]}', '{}', NULL, NULL, NULL);
CREATE TABLE auth.identities (
    provider_id text NOT NULL,
    user_id uuid,
    identity_data jsonb NOT NULL,
    provider text,
    id uuid NOT NULL
);
INSERT INTO auth.identities VALUES ('1', '00000000-0000-4000-8000-000000000001', '{}', 'email', 'i1');
INSERT INTO auth.identities VALUES ('2', '00000000-0000-4000-8000-000000000002', '{}', 'google', 'i2');
INSERT INTO auth.identities VALUES ('3', '00000000-0000-4000-8000-000000000003', '{}', 'email', 'i3');
INSERT INTO auth.identities VALUES ('4', '00000000-0000-4000-8000-000000000003', '{}', 'github', 'i4');
INSERT INTO auth.identities VALUES ('5', '00000000-0000-4000-8000-000000000004', '{}', 'phone', 'i5');
INSERT INTO auth.identities VALUES ('6', '00000000-0000-4000-8000-000000000005', '{}', 'sso:1f2e', 'i6');
INSERT INTO auth.identities VALUES ('7', '00000000-0000-4000-8000-000000000006', '{}', 'email', 'i7');
INSERT INTO auth.identities VALUES ('8', NULL, '{}', 'google', 'i8');
INSERT INTO auth.identities VALUES ('9', '00000000-0000-4000-8000-000000000012', '{}', 'email', 'i9');
