CREATE TABLE countries (
  id SMALLINT NOT NULL PRIMARY KEY,
  name VARCHAR(60) NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE cities (
  id INT NOT NULL PRIMARY KEY,
  country_id SMALLINT NULL,
  name VARCHAR(60) NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE hubs (
  id INT NOT NULL PRIMARY KEY,
  city_id INT NULL,
  name VARCHAR(60) NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE tariffs (
  carrier CHAR(3) COLLATE utf8mb4_bin NOT NULL,
  zone TINYINT UNSIGNED NOT NULL,
  price DECIMAL(8,2) NOT NULL,
  PRIMARY KEY (carrier, zone)
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE states (
  code TINYINT UNSIGNED NOT NULL PRIMARY KEY,
  label VARCHAR(30) NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE covers (
  id INT NOT NULL PRIMARY KEY,
  parcel_id BIGINT UNSIGNED NOT NULL,
  company VARCHAR(40) NOT NULL,
  premium DECIMAL(6,2) NOT NULL,
  UNIQUE KEY parcel (parcel_id)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE parcels (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  from_hub INT NOT NULL,
  to_hub INT NULL,
  carrier CHAR(3) COLLATE utf8mb4_bin NOT NULL,
  zone TINYINT UNSIGNED NOT NULL,
  state TINYINT UNSIGNED NOT NULL,
  declared DECIMAL(12,4) NOT NULL
) DEFAULT CHARSET = utf8mb4;

CREATE TABLE scans (
  id BIGINT UNSIGNED NOT NULL PRIMARY KEY,
  parcel_id BIGINT UNSIGNED NOT NULL,
  cost DECIMAL(8,3) NULL,
  weight INT NOT NULL,
  KEY parcel (parcel_id)
) DEFAULT CHARSET = utf8mb4;

INSERT INTO countries VALUES (1, 'Norge');
INSERT INTO cities VALUES (1, 1, 'Ålesund'), (2, NULL, 'Nowhere, "East"'), (3, 1, NULL);
INSERT INTO hubs VALUES (1, 1, 'North'), (2, 2, 'South'), (3, NULL, 'Sea'), (4, 3, 'Air');
INSERT INTO tariffs VALUES ('DHX', 1, 7.90), ('dhx', 1, 1.00), ('DHX', 2, 999999.99);
INSERT INTO states VALUES (0, 'new'), (2, 'on its way');
INSERT INTO covers VALUES (10, 1, 'Lloyd\'s', 3.50), (11, 2, 'never asked', 9.99);
INSERT INTO parcels VALUES
  (1, 1, 2, 'DHX', 1, 2, 250.0000),
  (2, 2, NULL, 'DHX', 9, 0, 100.0000),
  (3, 3, 3, 'dhx', 1, 1, 100.0001),
  (18446744073709551615, 4, 4, 'DHX', 2, 2, 0.0000);
INSERT INTO scans VALUES
  (1, 1, 1.250, 10), (2, 1, NULL, 3), (3, 1, 0.333, 4),
  (4, 2, 2.000, 0),
  (5, 18446744073709551615, NULL, 2147483647);
