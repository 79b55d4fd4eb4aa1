CREATE TABLE logins (
  login_id INT NOT NULL,
  name VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL,
  email VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  area VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  code INT NULL,
  `rank` INT NULL,
  note VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (login_id),
  UNIQUE KEY name (name),
  UNIQUE KEY email (email),
  UNIQUE KEY area_code (area, code)
) ENGINE=InnoDB;
CREATE TABLE badges (
  badge_id INT NOT NULL,
  room VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  tag VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (badge_id),
  UNIQUE KEY tag (tag)
) ENGINE=InnoDB;
