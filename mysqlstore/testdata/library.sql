CREATE TABLE countries (
  code CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY,
  title VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL
) ENGINE=InnoDB;

CREATE TABLE authors (
  id INT NOT NULL PRIMARY KEY,
  country CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  KEY country (country)
) ENGINE=InnoDB;

CREATE TABLE books (
  id INT NOT NULL PRIMARY KEY,
  author_id INT NOT NULL,
  isbn VARCHAR(1000) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  shelf VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  part_of INT NULL,
  lent TINYINT(1) NOT NULL,
  bought DATE NULL,
  notes JSON NULL,
  scan LONGBLOB NULL,
  KEY author (author_id),
  KEY part_of (part_of),
  KEY shelf (shelf)
) ENGINE=InnoDB;

CREATE TABLE chapters (
  book_id INT NOT NULL,
  n INT NOT NULL,
  title VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (book_id, n)
) ENGINE=InnoDB
