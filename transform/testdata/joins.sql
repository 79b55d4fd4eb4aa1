CREATE TABLE regions (id INT PRIMARY KEY, name VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL);
CREATE TABLE countries (code CHAR(2) CHARACTER SET ascii COLLATE ascii_bin PRIMARY KEY, region INT NULL, name VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NULL);
CREATE TABLE people (
  id INT PRIMARY KEY, country CHAR(2) CHARACTER SET ascii COLLATE ascii_bin NULL,
  name VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, latin VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_swedish_ci NULL,
  balance DECIMAL(12,4) NULL, huge DECIMAL(65,30) NULL, active TINYINT(1) NULL, n BIGINT UNSIGNED NULL,
  born DATE NULL, seen DATETIME(3) NULL, joined TIMESTAMP(2) NULL, took TIME(1) NULL, y YEAR NULL, bits BIT(9) NULL,
  grade ENUM('a','b c') NULL, tags SET('x','y','z') NULL, score DOUBLE NULL, weight FLOAT NULL, doc JSON NULL, photo VARBINARY(30) NULL
);
CREATE TABLE nodes (id INT PRIMARY KEY, parent INT NULL, name VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, KEY (parent));
CREATE TABLE orders (
  id INT PRIMARY KEY, buyer INT NULL, seller INT NULL, node INT NULL,
  status ENUM('new','paid') NOT NULL, total DECIMAL(10,2) NULL, amount INT NOT NULL,
  note VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, gift TINYINT(1) NOT NULL,
  placed DATETIME(3) NULL, paid TIMESTAMP NULL, due DATE NULL, extra TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, KEY (buyer)
);
CREATE TABLE order_lines (
  `order` INT NOT NULL, line INT NOT NULL, product VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  quantity INT NULL, price DECIMAL(10,2) NULL, at TIMESTAMP NULL, day DATE NULL, took TIME NULL, wide DECIMAL(65,30) NULL, doc JSON NULL, bits BIT(3) NULL,
  PRIMARY KEY (`order`, line)
);
