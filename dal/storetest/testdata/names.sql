CREATE TABLE accounts (
  account_id BIGINT NOT NULL,
  login VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL,
  title VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL,
  region VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci NULL,
  code VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (account_id),
  UNIQUE KEY login (login),
  UNIQUE KEY title (title),
  UNIQUE KEY region_code (region, code),
  KEY accounts_code (code)
) ENGINE=InnoDB;
