CREATE TABLE wards (
  code CHAR(4) COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
  name VARCHAR(60) NOT NULL,
  opened YEAR NOT NULL
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE patients (
  clinic SMALLINT UNSIGNED NOT NULL,
  number INT(6) UNSIGNED ZEROFILL NOT NULL,
  name VARCHAR(80) NOT NULL,
  mother_clinic SMALLINT UNSIGNED NULL,
  mother_number INT UNSIGNED NULL,
  father_clinic SMALLINT UNSIGNED NULL,
  father_number INT UNSIGNED NULL,
  born YEAR NOT NULL,
  blood ENUM('0-','0+','A-','A+') NULL,
  allergies SET('nuts','latex','penicillin') NOT NULL,
  insured BIT(1) NOT NULL,
  flags BIT(12) NOT NULL,
  dose DECIMAL(65,30) NULL,
  clock_offset TIME NULL,
  ward CHAR(4) COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (clinic, number)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

CREATE TABLE visits (
  clinic SMALLINT UNSIGNED NOT NULL,
  patient INT UNSIGNED NOT NULL,
  nth TINYINT UNSIGNED NOT NULL,
  at DATETIME(3) NOT NULL,
  took TIME(1) NOT NULL,
  temperature DECIMAL(4,1) NULL,
  findings SET('fever','rash') NOT NULL,
  flags BIT(12) NOT NULL,
  fee DECIMAL(65,30) NULL,
  PRIMARY KEY (clinic, patient, nth)
) DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_ci;

INSERT INTO wards VALUES ('ICU', 'Intensive care', 1999), ('A 1', 'Accidents', 2001);

INSERT INTO patients VALUES
  (1, 1, 'Ada', NULL, NULL, NULL, NULL, 1950, 'A+', '', b'1', b'100000000001',
   12345678901234567890123456789012345.123456789012345678901234567890, '-838:59:59', 'ICU '),
  (1, 2, 'Bea "π"', 1, 1, NULL, 7, 2010, '0-', 'latex,nuts', b'0', b'0',
   0.000000000000000000000000000001, '-00:00:01', NULL),
  (65535, 4294967295, 'Çem 🩺', 1, 2, 1, 1, 2155, NULL, 'nuts,latex,penicillin', b'1', b'111111111111',
   NULL, '838:59:59', 'ZZZZ');

INSERT INTO visits VALUES
  (1, 2, 1, '2025-01-01 10:00:00', '00:30:00.5', 36.6, '', b'101', 1.5),
  (1, 2, 2, '2025-03-01 08:00:00.250', '-00:30:00.5', NULL, 'rash,fever', b'0', NULL),
  (1, 2, 3, '2025-03-01 08:00:00.250', '100:00:00', 38.0, 'fever', b'111111111111', 2),
  (2, 2, 1, '2026-01-01 00:00:00', '200:00:00', 42.0, '', b'0', 99);
