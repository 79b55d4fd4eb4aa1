CREATE TABLE users (
  user_id INT NOT NULL PRIMARY KEY,
  username VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  email VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  registration_date DATE NULL,
  last_login TIMESTAMP NULL,
  profile_data JSON NULL,
  UNIQUE KEY username (username),
  UNIQUE KEY email (email)
) ENGINE=InnoDB;

CREATE TABLE visits (
  visitor VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  number INT NOT NULL,
  place VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  `rank` INT NULL,
  title VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  note VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (visitor, number),
  KEY visits_place_rank (place, `rank`),
  KEY visits_place_title (place, title)
) ENGINE=InnoDB;

CREATE TABLE tickets (
  ticket_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  area VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  code VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  UNIQUE KEY area_code (area, code)
) ENGINE=InnoDB;
