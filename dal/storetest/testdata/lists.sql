CREATE TABLE notes (
  user_id BIGINT NOT NULL,
  note_id BIGINT NOT NULL,
  folder VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  title VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  score DECIMAL(38,4) NULL,
  weight DOUBLE NULL,
  edited TIMESTAMP NULL,
  digest VARBINARY(16) NULL,
  pinned TINYINT(1) NULL,
  body TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (user_id, note_id),
  KEY notes_folder (folder, title),
  KEY notes_digest (digest)
) ENGINE=InnoDB;

CREATE TABLE files (
  owner VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  path VARCHAR(120) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  size INT NULL,
  PRIMARY KEY (owner, path)
) ENGINE=InnoDB;

CREATE TABLE chunks (
  bucket VARBINARY(32) NOT NULL,
  name VARBINARY(64) NOT NULL,
  size INT NULL,
  PRIMARY KEY (bucket, name)
) ENGINE=InnoDB;

CREATE TABLE readings (
  sensor INT NOT NULL,
  taken DATETIME(1) NOT NULL,
  level INT NULL,
  PRIMARY KEY (sensor, taken)
) ENGINE=InnoDB;
