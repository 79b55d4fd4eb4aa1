CREATE TABLE members (
  member_id INT NOT NULL AUTO_INCREMENT,
  email VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  handle VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  team VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (member_id),
  UNIQUE KEY email (email),
  UNIQUE KEY handle (handle),
  KEY members_team (team, member_id)
) ENGINE=InnoDB;

CREATE TABLE books (
  book_id INT NOT NULL,
  shelf VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  slot INT NOT NULL,
  title VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (book_id),
  UNIQUE KEY place (shelf, slot)
) ENGINE=InnoDB;

CREATE TABLE letters (
  letter_id INT UNSIGNED NOT NULL,
  folder VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  text VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (letter_id),
  KEY letters_folder (folder, letter_id)
) ENGINE=InnoDB;

CREATE TABLE folders (
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  PRIMARY KEY (name)
) ENGINE=InnoDB;
