CREATE TABLE sections (
  section_id INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  above_id INT NULL,
  PRIMARY KEY (section_id),
  CONSTRAINT sections_above FOREIGN KEY (above_id) REFERENCES sections (section_id)
) ENGINE=InnoDB;

CREATE TABLE wares (
  shop VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  number INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  price DECIMAL(12,2) NULL,
  sold_out TINYINT(1) NOT NULL,
  stock INT NOT NULL,
  section_id INT NULL,
  PRIMARY KEY (shop, number),
  CONSTRAINT wares_section FOREIGN KEY (section_id) REFERENCES sections (section_id) ON DELETE SET NULL
) ENGINE=InnoDB;

CREATE TABLE basket_lines (
  basket_id INT NOT NULL,
  line INT NOT NULL,
  shop VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  number INT NULL,
  quantity INT NOT NULL,
  PRIMARY KEY (basket_id, line),
  CONSTRAINT basket_lines_ware FOREIGN KEY (shop, number) REFERENCES wares (shop, number) ON DELETE CASCADE
) ENGINE=InnoDB;
