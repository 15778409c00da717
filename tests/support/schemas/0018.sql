BEGIN TRANSACTION;
CREATE TABLE access_keys (
	access_key VARCHAR(32) NOT NULL, 
	user_id VARCHAR(32) NOT NULL, 
	secret BLOB NOT NULL, 
	created_at DATETIME NOT NULL, last_used_at DATETIME, 
	CONSTRAINT pk_access_keys PRIMARY KEY (access_key), 
	CONSTRAINT fk_access_keys_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO "access_keys" VALUES('AK','uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu',X'00','2026-01-01 00:00:00.000000',NULL);
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0018');
CREATE TABLE audit_entries (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	entry TEXT NOT NULL, part VARCHAR(8) DEFAULT 'audit' NOT NULL, 
	CONSTRAINT pk_audit_entries PRIMARY KEY (id)
);
CREATE TABLE clock_watch (
	id INTEGER NOT NULL, 
	trusted_at DATETIME NOT NULL, 
	held_since DATETIME, 
	held_at DATETIME, 
	CONSTRAINT pk_clock_watch PRIMARY KEY (id)
);
CREATE TABLE crops (
	seq INTEGER NOT NULL, 
	crop BLOB NOT NULL, 
	CONSTRAINT pk_crops PRIMARY KEY (seq), 
	CONSTRAINT fk_crops_seq FOREIGN KEY(seq) REFERENCES faces (seq) ON DELETE CASCADE
);
CREATE TABLE deletions (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id VARCHAR(32) NOT NULL, 
	face_set VARCHAR(64) NOT NULL, 
	set_public_id VARCHAR(8) NOT NULL, 
	deleted_at DATETIME NOT NULL, 
	rule VARCHAR(16) NOT NULL, 
	faces INTEGER NOT NULL, 
	face_ids JSON NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	CONSTRAINT fk_deletions_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE TABLE distinct_people (
	set_id INTEGER NOT NULL, 
	first VARCHAR(36) NOT NULL, 
	second VARCHAR(36) NOT NULL, 
	CONSTRAINT pk_distinct_people PRIMARY KEY (set_id, first, second), 
	CONSTRAINT fk_distinct_people_set_id FOREIGN KEY(set_id) REFERENCES face_sets (id) ON DELETE CASCADE
);
CREATE TABLE domains (
	id VARCHAR(32) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	CONSTRAINT pk_domains PRIMARY KEY (id), 
	CONSTRAINT uq_domains_name UNIQUE (name)
);
INSERT INTO "domains" VALUES('dddddddddddddddddddddddddddddddd','old');
CREATE TABLE face_sets (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	project_id VARCHAR(32) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	public_id VARCHAR(8) NOT NULL, 
	capacity INTEGER NOT NULL, 
	face_number INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	embedder VARCHAR(64) NOT NULL, 
	fields JSON NOT NULL, 
	created_at DATETIME NOT NULL, policy JSON, retention JSON, legal_hold VARCHAR(256), alignment INTEGER DEFAULT '1' NOT NULL, crops BOOLEAN DEFAULT 0 NOT NULL, search_threshold DOUBLE, 
	CONSTRAINT fk_face_sets_project_id FOREIGN KEY(project_id) REFERENCES projects (id), 
	CONSTRAINT uq_face_sets_public_id UNIQUE (public_id), 
	CONSTRAINT uq_face_sets_project_id_name UNIQUE (project_id, name)
);
INSERT INTO "face_sets" VALUES(1,'pppppppppppppppppppppppppppppppp','s','abcdefgh',10000,2,4,'sface','{"n": {"type": "long"}}','2026-01-01 00:00:00.000000',NULL,NULL,NULL,1,0,NULL);
CREATE TABLE faces (
	seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	set_id INTEGER NOT NULL, 
	face_id VARCHAR(8) NOT NULL, 
	external_image_id VARCHAR(36) NOT NULL, 
	"left" INTEGER NOT NULL, 
	top INTEGER NOT NULL, 
	width INTEGER NOT NULL, 
	height INTEGER NOT NULL, 
	fields JSON NOT NULL, 
	version INTEGER NOT NULL, created_at DATETIME DEFAULT '2026-01-01 00:00:00.000000' NOT NULL, 
	CONSTRAINT fk_faces_set_id FOREIGN KEY(set_id) REFERENCES face_sets (id), 
	CONSTRAINT uq_faces_set_id_face_id UNIQUE (set_id, face_id)
);
INSERT INTO "faces" VALUES(1,1,'face0001','image1',1,2,3,4,'{"n": 1}',1,'2026-01-01 00:00:00.000000');
INSERT INTO "faces" VALUES(3,1,'face0003','image3',1,2,3,4,'{"n": 3}',3,'2026-01-01 00:00:00.000000');
CREATE TABLE grants (
	user_id VARCHAR(32) NOT NULL, 
	project_id VARCHAR(32) NOT NULL, 
	role VARCHAR(16) NOT NULL, 
	CONSTRAINT pk_grants PRIMARY KEY (user_id, project_id), 
	CONSTRAINT fk_grants_user_id FOREIGN KEY(user_id) REFERENCES users (id), 
	CONSTRAINT fk_grants_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);
INSERT INTO "grants" VALUES('uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu','pppppppppppppppppppppppppppppppp','admin');
CREATE TABLE index_copies (
	"key" INTEGER NOT NULL, 
	set_id INTEGER NOT NULL, 
	state VARCHAR(8) NOT NULL, 
	dimension INTEGER NOT NULL, 
	applied INTEGER NOT NULL, 
	timestamp INTEGER NOT NULL, scoring VARCHAR(64) DEFAULT '' NOT NULL, 
	CONSTRAINT pk_index_copies PRIMARY KEY ("key")
);
CREATE TABLE liveness_sessions (
	id VARCHAR(32) NOT NULL, 
	project_id VARCHAR(32) NOT NULL, 
	actions JSON NOT NULL, 
	mirrored BOOLEAN NOT NULL, 
	expires_at DATETIME NOT NULL, 
	used BOOLEAN NOT NULL, 
	result JSON, 
	CONSTRAINT pk_liveness_sessions PRIMARY KEY (id), 
	CONSTRAINT fk_liveness_sessions_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE TABLE project_keys (
	project_id VARCHAR(32) NOT NULL, 
	wrapped BLOB NOT NULL, 
	CONSTRAINT pk_project_keys PRIMARY KEY (project_id), 
	CONSTRAINT fk_project_keys_project_id FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE TABLE projects (
	id VARCHAR(32) NOT NULL, 
	domain_id VARCHAR(32) NOT NULL, 
	name VARCHAR(64) NOT NULL, enabled BOOLEAN DEFAULT 1 NOT NULL, created_at DATETIME DEFAULT '2026-01-01 00:00:00.000000' NOT NULL, limits JSON DEFAULT '{}' NOT NULL, 
	CONSTRAINT pk_projects PRIMARY KEY (id), 
	CONSTRAINT fk_projects_domain_id FOREIGN KEY(domain_id) REFERENCES domains (id), 
	CONSTRAINT uq_projects_domain_id_name UNIQUE (domain_id, name)
);
INSERT INTO "projects" VALUES('pppppppppppppppppppppppppppppppp','dddddddddddddddddddddddddddddddd','local',1,'2026-01-01 00:00:00.000000','{}');
CREATE TABLE revoked_tokens (
	token_id VARCHAR(32) NOT NULL, 
	expires_at DATETIME NOT NULL, 
	CONSTRAINT pk_revoked_tokens PRIMARY KEY (token_id)
);
CREATE TABLE service_keys (
	id INTEGER NOT NULL, 
	sealed BLOB NOT NULL, 
	CONSTRAINT pk_service_keys PRIMARY KEY (id)
);
CREATE TABLE templates (
	seq INTEGER NOT NULL, 
	template BLOB NOT NULL, 
	CONSTRAINT pk_templates PRIMARY KEY (seq), 
	CONSTRAINT fk_templates_seq FOREIGN KEY(seq) REFERENCES faces (seq) ON DELETE CASCADE
);
INSERT INTO "templates" VALUES(1,X'0000003800B80000');
INSERT INTO "templates" VALUES(3,X'003C000000000000');
CREATE TABLE tombstones (
	set_id INTEGER NOT NULL, 
	version INTEGER NOT NULL, 
	seq INTEGER NOT NULL, 
	CONSTRAINT pk_tombstones PRIMARY KEY (set_id, version, seq), 
	CONSTRAINT fk_tombstones_set_id FOREIGN KEY(set_id) REFERENCES face_sets (id)
);
INSERT INTO "tombstones" VALUES(1,4,2);
CREATE TABLE users (
	id VARCHAR(32) NOT NULL, 
	domain_id VARCHAR(32) NOT NULL, 
	name VARCHAR(64) NOT NULL, 
	password_hash VARCHAR(256) NOT NULL, 
	enabled BOOLEAN NOT NULL, credentials_version INTEGER DEFAULT '0' NOT NULL, home_project_id VARCHAR(32), must_change_password BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_users PRIMARY KEY (id), 
	CONSTRAINT fk_users_domain_id FOREIGN KEY(domain_id) REFERENCES domains (id), 
	CONSTRAINT uq_users_domain_id_name UNIQUE (domain_id, name)
);
INSERT INTO "users" VALUES('uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu','dddddddddddddddddddddddddddddddd','admin','x',1,0,NULL,0);
CREATE INDEX ix_faces_set_id_external_image_id ON faces (set_id, external_image_id);
CREATE INDEX ix_faces_set_id_version ON faces (set_id, version);
CREATE INDEX ix_faces_set_id_seq ON faces (set_id, seq);
CREATE INDEX ix_access_keys_user_id ON access_keys (user_id);
CREATE INDEX ix_grants_project_id ON grants (project_id);
CREATE INDEX ix_liveness_sessions_expires_at ON liveness_sessions (expires_at);
CREATE INDEX ix_deletions_project_id_id ON deletions (project_id, id);
CREATE INDEX ix_audit_entries_at_id ON audit_entries (at, id);
CREATE INDEX ix_index_copies_set_id ON index_copies (set_id);
CREATE INDEX ix_audit_entries_part_at ON audit_entries (part, at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('face_sets',1);
INSERT INTO "sqlite_sequence" VALUES('faces',3);
COMMIT;
