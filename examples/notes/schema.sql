CREATE TABLE notes (
	user_id VARCHAR(128) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	note_id CHAR(36) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	content TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
	attachment VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (user_id, note_id)
)
