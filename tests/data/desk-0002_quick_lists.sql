-- The rows of a desk of schema 0002_quick_lists.sql: invented, a few in every table. tests/unit/test_migrations.py makes the desk of them.
DELETE FROM users;
DELETE FROM secrets;
INSERT INTO assignments (number, conversation_id, assigned_to, assigned_at, assigned_by) VALUES
  (16, '019caea6-e860-7211-9662-d29a0e4b726c', '019caea2-5480-7e82-a14a-2d7eca7c1743', '2026-03-02 13:06:00', '019caea2-5480-7e82-a14a-2d7eca7c1743'),
  (22, '019caebe-b620-75f7-a61e-c9518bf50dee', '019caea2-5480-7ea9-a793-6fbb52dee774', '2026-03-02 13:32:00', '019caea2-5480-7ea9-a793-6fbb52dee774'),
  (35, '019c18a5-1d00-7000-b085-51182520b047', '019c18a9-b0e0-7000-b12d-56fe4ebc6de5', '2026-02-01 10:05:00', NULL);
INSERT INTO classifications (id, number, conclusion_id, version, reason_id, category, reason, value, currency, classified_at, classified_by) VALUES
  ('019c18dc-0b80-7001-9aa1-861b16cb8349', 35, '019c18dc-0b80-7001-9c5e-55b32c868b7d', 1, '019c18dc-0b80-7000-8379-64f1980e2bdf', 'lost', 'Preço', NULL, NULL, '2026-02-01 11:00:00', '019c18a9-b0e0-7000-b12d-56fe4ebc6de5'),
  ('019c1e39-5600-7001-8692-dcf6fc4adc1d', 35, '019c1e39-5600-7001-942c-60280cdb0fd2', 1, '019caea3-3ee0-78ca-9f89-5eefd8079b57', 'achieved', 'Venda', '12.30', 'BRL', '2026-02-02 12:00:00', '019c18a9-b0e0-7000-b12d-56fe4ebc6de5'),
  ('019caeb4-a400-77e2-8f97-2608d862938b', 19, '019caeb4-a400-7b24-a61e-2a4cd68b491e', 1, '019caea3-3ee0-78ca-9f89-5eefd8079b57', 'achieved', 'Venda', '420.00', 'BRL', '2026-03-02 13:20:00', '019caea2-5480-7e82-a14a-2d7eca7c1743'),
  ('019caec1-7540-7bd8-bf11-4c4f904c59bf', 24, '019caec0-8ae0-71f0-a94c-8eeb03988f3b', 1, '019caea3-3ee0-79ae-be89-c089f787c64a', 'question', 'Horário de funcionamento', NULL, NULL, '2026-03-02 13:34:00', '019caea2-5480-7ea9-a793-6fbb52dee774'),
  ('019caec2-5fa0-7fb2-84da-c6e31646f9f6', 25, '019caec0-8ae0-71f0-a94c-8eeb03988f3b', 2, '019caea3-3ee0-78ca-9f89-5eefd8079b57', 'achieved', 'Venda', '10.50', 'BRL', '2026-03-02 13:35:00', '019caea2-5480-7ea9-a793-6fbb52dee774'),
  ('019caec7-dde0-759f-903b-a2af05190d15', 31, '019caec7-dde0-7051-8cb7-aa28342c2d92', 1, '019caea3-3ee0-79ae-be89-c089f787c64a', 'question', 'Horário de funcionamento', NULL, NULL, '2026-03-02 13:41:00', '019caea2-5480-7c58-ac57-ac2f7dcfa895');
INSERT INTO conclusions (id, number, conversation_id, cycle, concluded_at, concluded_by, from_folder, archive_preference) VALUES
  ('019c18dc-0b80-7001-9c5e-55b32c868b7d', 35, '019c18a5-1d00-7000-b085-51182520b047', 1, '2026-02-01 11:00:00', '019c18a9-b0e0-7000-b12d-56fe4ebc6de5', 'in_progress', 'after_12h'),
  ('019c1e39-5600-7001-942c-60280cdb0fd2', 35, '019c18a5-1d00-7000-b085-51182520b047', 2, '2026-02-02 12:00:00', '019c18a9-b0e0-7000-b12d-56fe4ebc6de5', 'in_progress', 'after_12h'),
  ('019caeb4-a400-7b24-a61e-2a4cd68b491e', 19, '019caea6-e860-7211-9662-d29a0e4b726c', 1, '2026-03-02 13:20:00', '019caea2-5480-7e82-a14a-2d7eca7c1743', 'in_progress', 'after_12h'),
  ('019caec0-8ae0-71f0-a94c-8eeb03988f3b', 23, '019caebe-b620-75f7-a61e-c9518bf50dee', 1, '2026-03-02 13:33:00', '019caea2-5480-7ea9-a793-6fbb52dee774', 'in_progress', 'immediately'),
  ('019caec4-3460-76fb-80a5-e9ad6424a638', 28, '019caec4-3460-750b-9ae2-80b442746c27', 1, '2026-03-02 13:37:00', '019caea2-5480-7c58-ac57-ac2f7dcfa895', 'new', 'after_12h'),
  ('019caec7-dde0-7051-8cb7-aa28342c2d92', 31, '019caec6-f380-780e-ae06-a4b3de58914b', 1, '2026-03-02 13:41:00', '019caea2-5480-7c58-ac57-ac2f7dcfa895', 'new', 'after_12h');
INSERT INTO contact_addresses (channel, address, contact_id) VALUES
  ('webchat', 'c9', '019c18a5-1d00-7000-ab32-53d9c6b45410'),
  ('whatsapp', '5511900000001', '019caea6-e860-7ae2-8e81-92cb8c5b5f8b'),
  ('whatsapp', '5511900000002', '019caebe-b620-746f-8b7c-c19392dcc3e4'),
  ('whatsapp', '5511900000003', '019caec3-4a00-7646-820d-80b14db45372'),
  ('whatsapp', '5511900000004', '019caec6-f380-7126-800e-1b3c5704facb'),
  ('whatsapp', '5511900000005', '019caec9-b2a0-7419-a490-2a982c2e24b2'),
  ('whatsapp', '5511900000006', '019caeca-9d00-760b-8dde-86fd599f785e'),
  ('whatsapp', 'BR.user', '019caec3-4a00-7646-820d-80b14db45372');
INSERT INTO contact_merges (number, contact_id, into_contact_id, merged_at) VALUES
  (29, '019caec4-3460-750e-a758-a16ad6216c92', '019caec3-4a00-7646-820d-80b14db45372', '2026-03-02 13:38:00');
INSERT INTO contacts (id, name, address, created_at) VALUES
  ('019c18a5-1d00-7000-ab32-53d9c6b45410', 'Olga', 'c9', '2026-02-01 10:00:00'),
  ('019caea6-e860-7ae2-8e81-92cb8c5b5f8b', 'João', '5511900000001', '2026-03-02 13:05:00'),
  ('019caebe-b620-746f-8b7c-c19392dcc3e4', 'D''Ávila', '5511900000002', '2026-03-02 13:31:00'),
  ('019caec3-4a00-7646-820d-80b14db45372', 'João', '5511900000003', '2026-03-02 13:36:00'),
  ('019caec4-3460-750e-a758-a16ad6216c92', 'Zoé', 'BR.user', '2026-03-02 13:37:00'),
  ('019caec6-f380-7126-800e-1b3c5704facb', 'João', '5511900000004', '2026-03-02 13:40:00'),
  ('019caec9-b2a0-7419-a490-2a982c2e24b2', 'João', '5511900000005', '2026-03-02 13:43:00'),
  ('019caeca-9d00-760b-8dde-86fd599f785e', NULL, '5511900000006', '2026-03-02 13:44:00');
INSERT INTO conversations (id, contact_id, channel, folder, assigned_to, opened_at, since, conclusion_id, concluded_number, conclusions, last_message_at, last_message_id, last_inbound_at, source, external_id, number, last_outbound_at, waiting_since, seen_by) VALUES
  ('019c18a5-1d00-7000-b085-51182520b047', '019c18a5-1d00-7000-ab32-53d9c6b45410', 'webchat', 'concluded', '019c18a9-b0e0-7000-b12d-56fe4ebc6de5', '2026-02-01 10:00:00', '2026-02-02 12:00:00', '019c1e39-5600-7001-942c-60280cdb0fd2', 35, 2, '2026-02-01 10:00:00', '019c18a5-1d00-7002-8bb2-1eb389147a60', '2026-02-01 10:00:00', 'antigo', 'x', 35, NULL, NULL, '019c18a9-b0e0-7000-b12d-56fe4ebc6de5'),
  ('019caea6-e860-7211-9662-d29a0e4b726c', '019caea6-e860-7ae2-8e81-92cb8c5b5f8b', 'whatsapp', 'in_progress', '019caea2-5480-7e82-a14a-2d7eca7c1743', '2026-03-02 13:05:00', '2026-03-02 13:30:00', '019caeb4-a400-7b24-a61e-2a4cd68b491e', 19, 1, '2026-03-02 13:30:00', '019caebd-cbc0-7529-9745-9e1855feee92', '2026-03-02 13:30:00', 'desk', NULL, 20, '2026-03-02 13:07:00', '2026-03-02 13:30:00', '019caea2-5480-7e82-a14a-2d7eca7c1743'),
  ('019caebe-b620-75f7-a61e-c9518bf50dee', '019caebe-b620-746f-8b7c-c19392dcc3e4', 'whatsapp', 'concluded', '019caea2-5480-7ea9-a793-6fbb52dee774', '2026-03-02 13:31:00', '2026-03-02 13:33:00', '019caec0-8ae0-71f0-a94c-8eeb03988f3b', 23, 1, '2026-03-02 13:31:00', '019caebe-b620-76fd-b58e-095bd6c66c21', '2026-03-02 13:31:00', 'desk', NULL, 25, NULL, NULL, '019caea2-5480-7ea9-a793-6fbb52dee774'),
  ('019caec3-4a00-7026-a84c-4c9c52aab5e8', '019caec3-4a00-7646-820d-80b14db45372', 'whatsapp', 'new', NULL, '2026-03-02 13:36:00', '2026-03-02 13:36:00', NULL, NULL, 0, '2026-03-02 13:38:00', '019caec5-1ec0-7155-a340-994bfd89a7d0', '2026-03-02 13:38:00', 'desk', NULL, 29, NULL, '2026-03-02 13:36:00', NULL),
  ('019caec4-3460-750b-9ae2-80b442746c27', '019caec3-4a00-7646-820d-80b14db45372', 'whatsapp', 'concluded', NULL, '2026-03-02 13:37:00', '2026-03-02 13:37:00', '019caec4-3460-76fb-80a5-e9ad6424a638', 28, 1, '2026-03-02 13:37:00', '019caec4-3460-7c26-aecb-96c82c248a08', '2026-03-02 13:37:00', 'desk', NULL, 29, NULL, NULL, '019caea2-5480-7c58-ac57-ac2f7dcfa895'),
  ('019caec6-f380-780e-ae06-a4b3de58914b', '019caec6-f380-7126-800e-1b3c5704facb', 'whatsapp', 'in_progress', '019caea2-5480-7c58-ac57-ac2f7dcfa895', '2026-03-02 13:40:00', '2026-03-02 13:42:00', '019caec7-dde0-7051-8cb7-aa28342c2d92', 31, 1, '2026-03-02 13:40:00', '019caec6-f380-79e0-bbb0-397d4632ead5', '2026-03-02 13:40:00', 'desk', NULL, 32, NULL, NULL, '019caea2-5480-7c58-ac57-ac2f7dcfa895'),
  ('019caec9-b2a0-7d7e-bd47-28d828400cfb', '019caec9-b2a0-7419-a490-2a982c2e24b2', 'whatsapp', 'new', NULL, '2026-03-02 13:43:00', '2026-03-02 13:43:00', NULL, NULL, 0, '2026-03-02 13:43:00', '019caec9-b2a0-73c0-a741-a6577180dbe3', '2026-03-02 13:43:00', 'desk', NULL, 33, NULL, '2026-03-02 13:43:00', NULL),
  ('019caeca-9d00-7462-bff3-9708acc2ea06', '019caeca-9d00-760b-8dde-86fd599f785e', 'whatsapp', 'new', NULL, '2026-03-02 13:44:00', '2026-03-02 13:44:00', NULL, NULL, 0, '2026-03-02 13:44:00', '019caeca-9d00-7044-bfb2-7d9fb587ab11', NULL, 'desk', NULL, 34, '2026-03-02 13:44:00', NULL, NULL);
INSERT INTO history (number, occurred_at, user_id, action, subject_id) VALUES
  (1, '2026-03-02 13:00:00', '00000000-0000-7000-8000-000000000000', 'add_user', NULL),
  (2, '2026-03-02 13:00:00', '00000000-0000-7000-8000-000000000000', 'add_user', NULL),
  (3, '2026-03-02 13:00:00', '00000000-0000-7000-8000-000000000000', 'add_user', NULL),
  (4, '2026-03-02 13:00:00', '00000000-0000-7000-8000-000000000000', 'add_user', NULL),
  (5, '2026-03-02 13:00:00', '00000000-0000-7000-8000-000000000000', 'add_user', NULL),
  (6, '2026-03-02 13:01:00', '019caea2-5480-7c9c-a03c-2a346f034b47', 'change_organisation', NULL),
  (7, '2026-03-02 13:01:00', '019caea2-5480-7c9c-a03c-2a346f034b47', 'change_organisation', NULL),
  (8, '2026-03-02 13:01:00', '019caea2-5480-7c9c-a03c-2a346f034b47', 'create_reason', '019caea3-3ee0-78ca-9f89-5eefd8079b57'),
  (9, '2026-03-02 13:01:00', '019caea2-5480-7c9c-a03c-2a346f034b47', 'create_reason', '019caea3-3ee0-79ae-be89-c089f787c64a'),
  (10, '2026-03-02 13:02:00', '019caea2-5480-7c9c-a03c-2a346f034b47', 'change_reason', '019caea3-3ee0-79ae-be89-c089f787c64a'),
  (11, '2026-03-02 13:02:00', '019caea2-5480-7ea9-a793-6fbb52dee774', 'set_archive_preference', '019caea2-5480-7ea9-a793-6fbb52dee774'),
  (12, '2026-03-02 13:02:00', '00000000-0000-7000-8000-000000000000', 'create_token', '019caea4-2940-7f61-8a68-bbe00c7f0b78'),
  (13, '2026-03-02 13:02:00', '00000000-0000-7000-8000-000000000000', 'create_token', '019caea4-2940-7728-9991-a48cbe4780b2'),
  (14, '2026-03-02 13:03:00', '00000000-0000-7000-8000-000000000000', 'revoke_token', '019caea4-2940-7728-9991-a48cbe4780b2'),
  (15, '2026-03-02 13:05:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (16, '2026-03-02 13:06:00', '019caea2-5480-7e82-a14a-2d7eca7c1743', 'assign', '019caea6-e860-7211-9662-d29a0e4b726c'),
  (17, '2026-03-02 13:07:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (18, '2026-03-02 13:08:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (19, '2026-03-02 13:20:00', '019caea2-5480-7e82-a14a-2d7eca7c1743', 'conclude', '019caea6-e860-7211-9662-d29a0e4b726c'),
  (20, '2026-03-02 13:30:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (21, '2026-03-02 13:31:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (22, '2026-03-02 13:32:00', '019caea2-5480-7ea9-a793-6fbb52dee774', 'assign', '019caebe-b620-75f7-a61e-c9518bf50dee'),
  (23, '2026-03-02 13:33:00', '019caea2-5480-7ea9-a793-6fbb52dee774', 'conclude', '019caebe-b620-75f7-a61e-c9518bf50dee'),
  (24, '2026-03-02 13:34:00', '019caea2-5480-7ea9-a793-6fbb52dee774', 'edit_classification', '019caebe-b620-75f7-a61e-c9518bf50dee'),
  (25, '2026-03-02 13:35:00', '019caea2-5480-7ea9-a793-6fbb52dee774', 'edit_classification', '019caebe-b620-75f7-a61e-c9518bf50dee'),
  (26, '2026-03-02 13:36:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (27, '2026-03-02 13:37:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (28, '2026-03-02 13:37:00', '019caea2-5480-7c58-ac57-ac2f7dcfa895', 'conclude', '019caec4-3460-750b-9ae2-80b442746c27'),
  (29, '2026-03-02 13:38:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (30, '2026-03-02 13:40:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (31, '2026-03-02 13:41:00', '019caea2-5480-7c58-ac57-ac2f7dcfa895', 'conclude', '019caec6-f380-780e-ae06-a4b3de58914b'),
  (32, '2026-03-02 13:42:00', '019caea2-5480-7c58-ac57-ac2f7dcfa895', 'reopen', '019caec6-f380-780e-ae06-a4b3de58914b'),
  (33, '2026-03-02 13:43:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (34, '2026-03-02 13:44:00', '00000000-0000-7000-8000-000000000000', 'receive_message', NULL),
  (35, '2026-03-02 13:50:00', '00000000-0000-7000-8000-000000000000', 'import', NULL);
INSERT INTO idempotency_keys (user_id, route, key, request_hash, status, answer, answered_at) VALUES
  ('019caea2-5480-7c9c-a03c-2a346f034b47', 'POST /api/v1/messages', 'k1', '0000000000000000000000000000000000000000000000000000000000000000', 200, '{"outcome":"opened"}', '2026-03-02 13:45:00');
INSERT INTO imported_events (source, conversation, event, occurred_at, rank, number) VALUES
  ('antigo', 'x', 'assigned', '2026-02-01 10:05:00', 1, 35),
  ('antigo', 'x', 'concluded', '2026-02-01 11:00:00', 1, 35),
  ('antigo', 'x', 'concluded', '2026-02-02 12:00:00', 1, 35),
  ('antigo', 'x', 'message', '2026-02-01 10:00:00', 1, 35),
  ('antigo', 'x', 'opened', '2026-02-01 10:00:00', 1, 35),
  ('antigo', 'x', 'reopened', '2026-02-02 11:00:00', 1, 35);
INSERT INTO messages (id, number, conversation_id, channel, external_id, direction, sent_at, received_at, body, author) VALUES
  ('019c18a5-1d00-7002-8bb2-1eb389147a60', 35, '019c18a5-1d00-7000-b085-51182520b047', 'webchat', NULL, 'in', '2026-02-01 10:00:00', '2026-02-01 10:00:00', 'Boa tarde', NULL),
  ('019caea6-e860-7613-a759-2acb8eefa8f6', 15, '019caea6-e860-7211-9662-d29a0e4b726c', 'whatsapp', 'a1', 'in', '2026-03-02 13:05:00', '2026-03-02 13:05:00', 'Bom dia', NULL),
  ('019caea8-bd20-7f57-acc9-9dfc3294a4f2', 17, '019caea6-e860-7211-9662-d29a0e4b726c', 'whatsapp', 'a2', 'out', '2026-03-02 13:07:00', '2026-03-02 13:07:00', 'Olá! Como posso ajudar?', NULL),
  ('019caea9-a780-7459-9c30-cdac50013a9a', 18, '019caea6-e860-7211-9662-d29a0e4b726c', 'whatsapp', 'a3', 'in', '2026-03-02 13:08:00', '2026-03-02 13:08:00', 'Quanto custa?', NULL),
  ('019caebd-cbc0-7529-9745-9e1855feee92', 20, '019caea6-e860-7211-9662-d29a0e4b726c', 'whatsapp', 'a4', 'in', '2026-03-02 13:30:00', '2026-03-02 13:30:00', 'E a entrega?', NULL),
  ('019caebe-b620-76fd-b58e-095bd6c66c21', 21, '019caebe-b620-75f7-a61e-c9518bf50dee', 'whatsapp', 'b1', 'in', '2026-03-02 13:31:00', '2026-03-02 13:31:00', 'Bom dia', NULL),
  ('019caec3-4a00-724a-ab4c-3ce3c4a7900d', 26, '019caec3-4a00-7026-a84c-4c9c52aab5e8', 'whatsapp', 'e1', 'in', '2026-03-02 13:36:00', '2026-03-02 13:36:00', 'Bom dia', NULL),
  ('019caec4-3460-7c26-aecb-96c82c248a08', 27, '019caec4-3460-750b-9ae2-80b442746c27', 'whatsapp', 'f1', 'in', '2026-03-02 13:37:00', '2026-03-02 13:37:00', 'Bom dia', NULL),
  ('019caec5-1ec0-7155-a340-994bfd89a7d0', 29, '019caec3-4a00-7026-a84c-4c9c52aab5e8', 'whatsapp', 'e2', 'in', '2026-03-02 13:38:00', '2026-03-02 13:38:00', 'sou eu', NULL),
  ('019caec6-f380-79e0-bbb0-397d4632ead5', 30, '019caec6-f380-780e-ae06-a4b3de58914b', 'whatsapp', 'g1', 'in', '2026-03-02 13:40:00', '2026-03-02 13:40:00', 'Bom dia', NULL),
  ('019caec9-b2a0-73c0-a741-a6577180dbe3', 33, '019caec9-b2a0-7d7e-bd47-28d828400cfb', 'whatsapp', 'h1', 'in', '2026-03-02 13:43:00', '2026-03-02 13:43:00', 'alguém aí?', NULL),
  ('019caeca-9d00-7044-bfb2-7d9fb587ab11', 34, '019caeca-9d00-7462-bff3-9708acc2ea06', 'whatsapp', 'i1', 'out', '2026-03-02 13:44:00', '2026-03-02 13:44:00', 'Seu pedido chegou', NULL);
INSERT INTO preference_changes (number, user_id, archive, changed_at) VALUES
  (11, '019caea2-5480-7ea9-a793-6fbb52dee774', 'immediately', '2026-03-02 13:02:00');
INSERT INTO reason_changes (number, reason_id, description, category, value_mode, in_use, changed_at, changed_by) VALUES
  (8, '019caea3-3ee0-78ca-9f89-5eefd8079b57', 'Venda', 'achieved', 'required', TRUE, '2026-03-02 13:01:00', '019caea2-5480-7c9c-a03c-2a346f034b47'),
  (9, '019caea3-3ee0-79ae-be89-c089f787c64a', 'Horário', 'question', 'none', TRUE, '2026-03-02 13:01:00', '019caea2-5480-7c9c-a03c-2a346f034b47'),
  (10, '019caea3-3ee0-79ae-be89-c089f787c64a', 'Horário de funcionamento', 'question', 'none', TRUE, '2026-03-02 13:02:00', '019caea2-5480-7c9c-a03c-2a346f034b47'),
  (35, '019c18dc-0b80-7000-8379-64f1980e2bdf', 'Preço', 'lost', 'optional', FALSE, '2026-03-02 13:50:00', '00000000-0000-7000-8000-000000000000');
INSERT INTO reasons (id, description, category, value_mode, in_use, number) VALUES
  ('019c18dc-0b80-7000-8379-64f1980e2bdf', 'Preço', 'lost', 'optional', FALSE, 35),
  ('019caea3-3ee0-78ca-9f89-5eefd8079b57', 'Venda', 'achieved', 'required', TRUE, 8),
  ('019caea3-3ee0-79ae-be89-c089f787c64a', 'Horário de funcionamento', 'question', 'none', TRUE, 10);
INSERT INTO reopenings (id, number, conversation_id, conclusion_id, reopened_at, reopened_by, cause, message_id) VALUES
  ('019c1e02-6780-7001-b223-e7ddad1fcb95', 35, '019c18a5-1d00-7000-b085-51182520b047', '019c18dc-0b80-7001-9c5e-55b32c868b7d', '2026-02-02 11:00:00', NULL, 'imported', NULL),
  ('019caebd-cbc0-72fe-9c45-31aa892d3384', 20, '019caea6-e860-7211-9662-d29a0e4b726c', '019caeb4-a400-7b24-a61e-2a4cd68b491e', '2026-03-02 13:30:00', NULL, 'message', '019caebd-cbc0-7529-9745-9e1855feee92'),
  ('019caec8-c840-7783-b06c-1dec3d72a36a', 32, '019caec6-f380-780e-ae06-a4b3de58914b', '019caec7-dde0-7051-8cb7-aa28342c2d92', '2026-03-02 13:42:00', '019caea2-5480-7c58-ac57-ac2f7dcfa895', 'manual', NULL);
INSERT INTO secrets (contact_key) VALUES
  ('665c1251f7f54ed78953547dcf6c8fb705a620dca04845d4a492732bf0e74132');
INSERT INTO setting_changes (number, name, value, changed_at, changed_by) VALUES
  (6, 'currency', 'EUR', '2026-03-02 13:01:00', '019caea2-5480-7c9c-a03c-2a346f034b47'),
  (7, 'currency', 'BRL', '2026-03-02 13:01:00', '019caea2-5480-7c9c-a03c-2a346f034b47');
INSERT INTO tokens (id, user_id, name, scope, hash, created_at, created_by, revoked_at, revoked_by) VALUES
  ('019caea4-2940-7728-9991-a48cbe4780b2', '019caea2-5480-7bb4-8928-ace4e8202a5e', 'caderno', 'sql', 'f1db735b6e5ea6c198f6deb6fef12d33d510b058fac883a6177791fb848c1007', '2026-03-02 13:02:00', '00000000-0000-7000-8000-000000000000', '2026-03-02 13:03:00', '00000000-0000-7000-8000-000000000000'),
  ('019caea4-2940-7f61-8a68-bbe00c7f0b78', '019caea2-5480-7c9c-a03c-2a346f034b47', 'site', 'api', '6f22d1ff25bd6eba7c598e803bc7dccaa40f80df0292e2f66ea68a5580a3ad5f', '2026-03-02 13:02:00', '00000000-0000-7000-8000-000000000000', NULL, NULL);
INSERT INTO users (id, email, name, role, active, source, number) VALUES
  ('00000000-0000-7000-8000-000000000000', NULL, 'system', 'system', TRUE, 'desk', 0),
  ('019c18a9-b0e0-7000-b12d-56fe4ebc6de5', NULL, 'Rui', 'agent', FALSE, 'antigo', 35),
  ('019caea2-5480-7bb4-8928-ace4e8202a5e', 'nadia@example.com', 'Nadia', 'analyst', TRUE, 'desk', 4),
  ('019caea2-5480-7c58-ac57-ac2f7dcfa895', 'marta@example.com', 'Marta', 'manager', TRUE, 'desk', 3),
  ('019caea2-5480-7c9c-a03c-2a346f034b47', 'clara@example.com', 'Clara', 'admin', TRUE, 'desk', 5),
  ('019caea2-5480-7e82-a14a-2d7eca7c1743', 'ana@example.com', 'Ana', 'agent', TRUE, 'desk', 1),
  ('019caea2-5480-7ea9-a793-6fbb52dee774', 'bruno@example.com', 'Bruno', 'agent', TRUE, 'desk', 2);
