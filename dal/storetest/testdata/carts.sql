CREATE TABLE categories (
  category_id INT NOT NULL PRIMARY KEY,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  parent_id INT NULL,
  KEY categories_parent (parent_id)
) ENGINE=InnoDB;

CREATE TABLE products (
  shop VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  number INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  price DECIMAL(12,2) NULL,
  sold_out TINYINT(1) NOT NULL,
  category_id INT NULL,
  PRIMARY KEY (shop, number)
) ENGINE=InnoDB;

CREATE TABLE cart_lines (
  cart_id INT NOT NULL,
  line INT NOT NULL,
  shop VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  number INT NULL,
  quantity INT NOT NULL,
  paid DECIMAL(12,2) NULL,
  PRIMARY KEY (cart_id, line)
) ENGINE=InnoDB;
