CREATE TABLE fairs (
  fair_id INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (fair_id)
) ENGINE=InnoDB;

CREATE TABLE stalls (
  stall_id INT NOT NULL,
  pitch VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  fair_id INT NULL,
  PRIMARY KEY (stall_id),
  UNIQUE KEY stalls_pitch (pitch),
  CONSTRAINT stalls_fair FOREIGN KEY (fair_id) REFERENCES fairs (fair_id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE sales (
  sale_id INT NOT NULL,
  stall_id INT NULL,
  receipt VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (sale_id),
  UNIQUE KEY sales_receipt (receipt),
  CONSTRAINT sales_stall FOREIGN KEY (stall_id) REFERENCES stalls (stall_id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE visitors (
  visitor_id INT NOT NULL,
  fair_id INT NULL,
  PRIMARY KEY (visitor_id),
  CONSTRAINT visitors_fair FOREIGN KEY (fair_id) REFERENCES fairs (fair_id) ON DELETE SET NULL
) ENGINE=InnoDB;

CREATE TABLE permits (
  permit_id INT NOT NULL,
  fair_id INT NULL,
  PRIMARY KEY (permit_id),
  CONSTRAINT permits_fair FOREIGN KEY (fair_id) REFERENCES fairs (fair_id) ON DELETE RESTRICT
) ENGINE=InnoDB;
