CREATE TABLE topics (
  id INT NOT NULL PRIMARY KEY,
  parent_id INT NULL,
  title VARCHAR(80) NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE posts (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  topic_id INT NOT NULL,
  author VARCHAR(40) NOT NULL,
  nick VARCHAR(40) NULL,
  body TEXT NOT NULL,
  meta TEXT NULL,
  score INT NOT NULL,
  price DECIMAL(9,3) NOT NULL,
  posted DATETIME(3) NOT NULL,
  edited TIMESTAMP(6) NULL,
  expires DATE NULL,
  joined_on VARCHAR(10) NOT NULL,
  KEY topic (topic_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

INSERT INTO topics VALUES (1, NULL, 'News'), (2, 1, 'Old/New'), (3, 2, NULL), (4, 3, 'Deep 🕳'), (5, NULL, '');

INSERT INTO posts VALUES
  (1, 3, 'ana', NULL, '', '{"tags": ["a", "b"], "n": 1.50, "none": null}', 100, 0.125,
   '2024-02-29 23:59:59.999', NULL, '2024-01-31', '29.02.2024'),
  (2, 1, 'O\'Neil #1', '', 'a | b', NULL, -1, -12.500,
   '0001-01-01 01:29:59.000', '2024-12-31 23:59:59.000001', NULL, '01.01.0001'),
  (18446744073709551615, 1, 'null', NULL, 'NULL', '[]', -5, 999999.999,
   '9999-12-31 23:59:59.999', '1970-01-01 00:00:01', '9999-11-30', '31.12.9999');
