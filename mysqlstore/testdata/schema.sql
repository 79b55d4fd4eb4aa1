CREATE TABLE users (
  user_id INT NOT NULL PRIMARY KEY,
  username VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL UNIQUE,
  email VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  registration_date DATE NULL,
  last_login TIMESTAMP NULL,
  profile_data JSON NULL,
  UNIQUE KEY one_account (email)
) ENGINE=InnoDB;

CREATE TABLE stock (
  place VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  item BIGINT UNSIGNED NOT NULL,
  quantity INT NOT NULL,
  shelf VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  label VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  PRIMARY KEY (place, item),
  KEY by_shelf (shelf)
) ENGINE=InnoDB;

CREATE TABLE things (
  id VARBINARY(16) NOT NULL PRIMARY KEY,
  big BIGINT UNSIGNED NULL,
  small TINYINT NULL,
  flag TINYINT(1) NULL,
  price DECIMAL(30,4) NULL,
  code CHAR(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  old VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
  essay MEDIUMTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  raw BLOB NULL,
  day DATE NULL,
  at DATETIME(6) NULL,
  seen TIMESTAMP(3) NULL,
  doc JSON NULL
) ENGINE=InnoDB;
