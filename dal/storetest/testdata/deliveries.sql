CREATE TABLE senders (
  sender_id INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (sender_id)
) ENGINE=InnoDB;

CREATE TABLE shipments (
  shipment_id INT NOT NULL,
  sender_id INT NULL,
  payer_id INT NULL,
  note VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (shipment_id),
  CONSTRAINT shipments_sender FOREIGN KEY (sender_id) REFERENCES senders (sender_id) ON DELETE CASCADE,
  CONSTRAINT shipments_payer FOREIGN KEY (payer_id) REFERENCES senders (sender_id) ON DELETE SET NULL
) ENGINE=InnoDB;

CREATE TABLE shipment_stops (
  shipment_id INT NOT NULL,
  number INT NOT NULL,
  place VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  fee DECIMAL(20,4) NULL,
  distance DOUBLE NULL,
  reached TIMESTAMP(3) NULL,
  due DATE NULL,
  state ENUM('open','done') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  urgent TINYINT(1) NULL,
  options JSON NULL,
  PRIMARY KEY (shipment_id, number),
  CONSTRAINT stops_of FOREIGN KEY (shipment_id) REFERENCES shipments (shipment_id) ON DELETE RESTRICT
) ENGINE=InnoDB;

CREATE TABLE shipment_pieces (
  piece_id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  shipment_id INT NULL,
  content VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  KEY pieces_shipment (shipment_id),
  CONSTRAINT pieces_of FOREIGN KEY (shipment_id) REFERENCES shipments (shipment_id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE=InnoDB;

CREATE TABLE claims (
  claim_id INT NOT NULL,
  shipment_id INT NULL,
  other_id INT NULL,
  PRIMARY KEY (claim_id),
  CONSTRAINT claims_shipment FOREIGN KEY (shipment_id) REFERENCES shipments (shipment_id) ON DELETE RESTRICT,
  CONSTRAINT claims_other FOREIGN KEY (other_id) REFERENCES shipments (shipment_id) ON DELETE SET NULL
) ENGINE=InnoDB;
