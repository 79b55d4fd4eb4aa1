CREATE TABLE club_members (
  member_id INT UNSIGNED NOT NULL PRIMARY KEY,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  joined DATETIME NULL
) ENGINE=InnoDB;
CREATE TABLE club_orders (
  member_id INT UNSIGNED NOT NULL,
  number INT UNSIGNED NOT NULL,
  status VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  placed DATETIME NULL,
  total DECIMAL(12,2) NULL,
  PRIMARY KEY (member_id, number),
  KEY (status)
) ENGINE=InnoDB;
CREATE TABLE club_labels (
  owner VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  kind VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  tag VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  lang VARCHAR(10) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  weight INT NULL,
  PRIMARY KEY (owner, kind, tag, lang)
) ENGINE=InnoDB;
