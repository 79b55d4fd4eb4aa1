CREATE TABLE people (
  person_id INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  parent_id INT NULL,
  PRIMARY KEY (person_id),
  CONSTRAINT people_parent FOREIGN KEY (parent_id) REFERENCES people (person_id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE pets (
  owner_id INT NOT NULL,
  name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  sitter_id INT NULL,
  chip VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (owner_id, name),
  UNIQUE KEY pets_chip (chip),
  CONSTRAINT pets_owner FOREIGN KEY (owner_id) REFERENCES people (person_id) ON DELETE CASCADE,
  CONSTRAINT pets_sitter FOREIGN KEY (sitter_id) REFERENCES people (person_id) ON DELETE SET NULL
) ENGINE=InnoDB;

CREATE TABLE toys (
  toy_id INT NOT NULL,
  pet_owner INT NULL,
  pet_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  note VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
  PRIMARY KEY (toy_id),
  CONSTRAINT toys_pet FOREIGN KEY (pet_owner, pet_name) REFERENCES pets (owner_id, name) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE deeds (
  deed_id INT NOT NULL,
  holder_id INT NULL,
  witness_id INT NULL,
  PRIMARY KEY (deed_id),
  CONSTRAINT deeds_holder FOREIGN KEY (holder_id) REFERENCES people (person_id) ON DELETE RESTRICT,
  CONSTRAINT deeds_witness FOREIGN KEY (witness_id) REFERENCES people (person_id) ON DELETE SET NULL
) ENGINE=InnoDB;

CREATE TABLE homes (
  home_id INT NOT NULL,
  address VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  owner_id INT NULL,
  guest_id INT NULL,
  main_id INT NULL,
  PRIMARY KEY (home_id),
  UNIQUE KEY homes_address (address),
  CONSTRAINT homes_owner FOREIGN KEY (owner_id) REFERENCES people (person_id) ON DELETE CASCADE,
  CONSTRAINT homes_guest FOREIGN KEY (guest_id) REFERENCES people (person_id) ON DELETE SET NULL,
  CONSTRAINT homes_main FOREIGN KEY (main_id) REFERENCES homes (home_id) ON DELETE CASCADE
) ENGINE=InnoDB;

CREATE TABLE rooms (
  room_id INT NOT NULL,
  home_id INT NULL,
  last_id INT NULL,
  PRIMARY KEY (room_id),
  CONSTRAINT rooms_home FOREIGN KEY (home_id) REFERENCES homes (home_id) ON DELETE RESTRICT,
  CONSTRAINT rooms_last FOREIGN KEY (last_id) REFERENCES homes (home_id) ON DELETE SET NULL
) ENGINE=InnoDB;
