CREATE TABLE users (
	user_id INT PRIMARY KEY,
	username VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin UNIQUE,
	email VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin UNIQUE,
	registration_date DATE,
	last_login TIMESTAMP NULL,
	profile_data JSON
);
INSERT INTO users VALUES
	(101, 'alice', 'alice@example.com', '2023-01-15', '2024-03-10 09:30:00', '{"bio": "Loves dogs"}'),
	(102, 'bob', 'bob@example.com', '2023-02-20', NULL, NULL);
