CREATE TABLE jars (
  jar_id INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (jar_id)
) ENGINE=InnoDB;

CREATE TABLE coins (
  coin_id VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  tray INT NOT NULL,
  jar_id INT NULL,
  spare_id INT NULL,
  worth DECIMAL(12,2) NULL,
  fine DECIMAL(20,5) NULL,
  grains BIGINT NULL,
  serial BIGINT UNSIGNED NULL,
  chipped TINYINT(1) NULL,
  minted DATE NULL,
  seen DATETIME(3) NULL,
  spun TIME NULL,
  PRIMARY KEY (coin_id),
  CONSTRAINT coins_jar FOREIGN KEY (jar_id) REFERENCES jars (jar_id) ON DELETE CASCADE,
  CONSTRAINT coins_spare FOREIGN KEY (spare_id) REFERENCES jars (jar_id) ON DELETE SET NULL
) ENGINE=InnoDB;
