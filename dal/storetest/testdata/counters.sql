CREATE TABLE racks (
  rack_id INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  above_id INT NULL,
  PRIMARY KEY (rack_id),
  CONSTRAINT racks_above FOREIGN KEY (above_id) REFERENCES racks (rack_id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE articles (
  shop VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  number INT NOT NULL,
  note VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  rack_id INT NULL,
  extra_id INT NULL,
  PRIMARY KEY (shop, number),
  CONSTRAINT articles_rack FOREIGN KEY (rack_id) REFERENCES racks (rack_id) ON DELETE CASCADE,
  CONSTRAINT articles_extra FOREIGN KEY (extra_id) REFERENCES racks (rack_id) ON DELETE SET NULL
) ENGINE=InnoDB;

CREATE TABLE notices (
  notice_id VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  grade INT NOT NULL,
  shop VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  number INT NULL,
  PRIMARY KEY (notice_id),
  CONSTRAINT notices_article FOREIGN KEY (shop, number) REFERENCES articles (shop, number) ON DELETE CASCADE
) ENGINE=InnoDB;
