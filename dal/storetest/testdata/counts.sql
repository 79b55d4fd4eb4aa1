CREATE TABLE shelves (
  shelf_id INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  above_id INT NULL,
  PRIMARY KEY (shelf_id),
  CONSTRAINT shelves_above FOREIGN KEY (above_id) REFERENCES shelves (shelf_id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE goods (
  shop VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  number INT NOT NULL,
  shelf_id INT NULL,
  extra_id INT NULL,
  PRIMARY KEY (shop, number),
  CONSTRAINT goods_shelf FOREIGN KEY (shelf_id) REFERENCES shelves (shelf_id) ON DELETE CASCADE,
  CONSTRAINT goods_extra FOREIGN KEY (extra_id) REFERENCES shelves (shelf_id) ON DELETE SET NULL
) ENGINE=InnoDB;

CREATE TABLE reviews (
  review_id VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  grade INT NOT NULL,
  shop VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  number INT NULL,
  PRIMARY KEY (review_id),
  CONSTRAINT reviews_goods FOREIGN KEY (shop, number) REFERENCES goods (shop, number) ON DELETE CASCADE
) ENGINE=InnoDB;
