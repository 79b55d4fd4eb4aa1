CREATE TABLE orders (
  order_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  customer VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  address VARCHAR(191) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  total DECIMAL(12,2) NULL,
  KEY orders_customer (customer)
) ENGINE=InnoDB;

CREATE TABLE order_lines (
  line_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  order_id INT NOT NULL,
  product VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  quantity INT NULL,
  price DECIMAL(20,4) NULL,
  weight DOUBLE NULL,
  sent TIMESTAMP(3) NULL,
  due DATE NULL,
  state ENUM('new','sent','back') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  gift TINYINT(1) NULL,
  options JSON NULL,
  KEY order_lines_order (order_id),
  CONSTRAINT order_lines_of FOREIGN KEY (order_id) REFERENCES orders (order_id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE parcels (
  code VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,
  note VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL
) ENGINE=InnoDB;

CREATE TABLE parcel_stops (
  parcel VARCHAR(32) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  number INT NOT NULL,
  place VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (parcel, number),
  UNIQUE KEY parcel_place (parcel, place)
) ENGINE=InnoDB;
