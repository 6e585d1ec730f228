/**
 * The schema's history. A migration that was released is never changed: a new one is added, with a test.
 * The database's `user_version` is the number of the last one applied.
 */
export interface Migration {
  version: number;
  sql: string;
}

const first = `
CREATE TABLE job_group (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE job (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  group_id TEXT REFERENCES job_group(id) ON DELETE SET NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL
    CHECK (state IN ('queued', 'running', 'stopping', 'stopped', 'finished', 'failed', 'interrupted')),
  configuration TEXT NOT NULL,
  lane TEXT NOT NULL CHECK (lane IN ('training', 'light')),
  position INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL DEFAULT 0,
  steps INTEGER,
  created_at TEXT NOT NULL,
  started_at TEXT,
  ended_at TEXT,
  error_code TEXT,
  error_detail TEXT,
  result TEXT,
  engine_pid INTEGER,
  engine_started TEXT,
  spool_offset INTEGER NOT NULL DEFAULT 0,
  code_version TEXT NOT NULL,
  backend TEXT,
  device TEXT,
  seed INTEGER,
  dataset_manifest TEXT,
  tags TEXT NOT NULL DEFAULT '[]',
  notes TEXT NOT NULL DEFAULT '',
  hidden INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX job_by_state ON job(state, lane, position);
CREATE INDEX job_by_position ON job(position);
CREATE INDEX job_by_group ON job(group_id);
CREATE INDEX job_by_kind ON job(kind, ordinal);

-- No foreign key on the earlier job: a job that waits for a deleted one must be told so, not lose its reason.
CREATE TABLE job_dependency (
  job TEXT NOT NULL REFERENCES job(id) ON DELETE CASCADE,
  depends_on TEXT NOT NULL,
  PRIMARY KEY (job, depends_on)
) STRICT, WITHOUT ROWID;
CREATE INDEX dependency_reversed ON job_dependency(depends_on);

-- What a job reads, fixed once known: a later version or a reused name changes nothing for it.
CREATE TABLE job_input (
  job TEXT NOT NULL REFERENCES job(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  entity TEXT NOT NULL CHECK (entity IN ('checkpoint', 'dataset')),
  entity_id TEXT NOT NULL,
  content TEXT NOT NULL,
  PRIMARY KEY (job, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX input_by_entity ON job_input(entity_id);

-- What a job made, or would have made again: duplicates are said, not stored twice.
CREATE TABLE job_output (
  ordinal INTEGER PRIMARY KEY,
  job TEXT NOT NULL REFERENCES job(id) ON DELETE CASCADE,
  entity TEXT NOT NULL CHECK (entity IN ('checkpoint', 'dataset')),
  entity_id TEXT NOT NULL,
  duplicate INTEGER NOT NULL,
  UNIQUE (job, entity_id)
) STRICT;

CREATE TABLE series (
  id INTEGER PRIMARY KEY,
  job TEXT NOT NULL REFERENCES job(id) ON DELETE CASCADE,
  metric TEXT NOT NULL,
  points INTEGER NOT NULL,
  last_step INTEGER NOT NULL,
  last REAL,
  min REAL,
  max REAL,
  compared INTEGER NOT NULL DEFAULT 0,
  differing INTEGER NOT NULL DEFAULT 0,
  UNIQUE (job, metric)
) STRICT;

-- Raw values, blockPoints to a row, the last row partly filled. Steps at equal distances are not stored.
CREATE TABLE metric_block (
  series INTEGER NOT NULL REFERENCES series(id) ON DELETE CASCADE,
  ordinal INTEGER NOT NULL,
  points INTEGER NOT NULL,
  first_step INTEGER NOT NULL,
  last_step INTEGER NOT NULL,
  steps BLOB,
  data BLOB NOT NULL,
  PRIMARY KEY (series, ordinal)
) STRICT, WITHOUT ROWID;

-- Bins of 2^level points of each full block.
CREATE TABLE metric_rollup (
  series INTEGER NOT NULL REFERENCES series(id) ON DELETE CASCADE,
  level INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,
  bins BLOB NOT NULL,
  PRIMARY KEY (series, level, ordinal)
) STRICT, WITHOUT ROWID;

-- Values that a later attempt computes again, until they are compared with what it finds.
CREATE TABLE metric_superseded (
  series INTEGER PRIMARY KEY REFERENCES series(id) ON DELETE CASCADE,
  steps BLOB NOT NULL,
  data BLOB NOT NULL
) STRICT;

CREATE TABLE pairs (
  job TEXT NOT NULL REFERENCES job(id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  teacher BLOB NOT NULL,
  student BLOB NOT NULL,
  PRIMARY KEY (job, step)
) STRICT;

CREATE TABLE progress (
  job TEXT NOT NULL REFERENCES job(id) ON DELETE CASCADE,
  stage TEXT NOT NULL,
  done REAL,
  total REAL,
  unit TEXT NOT NULL,
  updated INTEGER NOT NULL,
  PRIMARY KEY (job, stage)
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
  ordinal INTEGER PRIMARY KEY,
  job TEXT NOT NULL REFERENCES job(id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  level TEXT NOT NULL,
  text TEXT NOT NULL
) STRICT;
CREATE INDEX message_by_job ON message(job, ordinal);

CREATE TABLE checkpoint (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('run', 'imported')),
  sha256 TEXT NOT NULL,
  facts TEXT NOT NULL,
  job TEXT REFERENCES job(id) ON DELETE SET NULL,
  step INTEGER,
  created_at TEXT NOT NULL,
  pinned INTEGER NOT NULL DEFAULT 0,
  damaged INTEGER NOT NULL DEFAULT 0,
  score REAL,
  score_metric TEXT
) STRICT;
CREATE INDEX checkpoint_by_content ON checkpoint(sha256);
CREATE INDEX checkpoint_by_job ON checkpoint(job, step);
CREATE UNIQUE INDEX imported_once ON checkpoint(sha256) WHERE kind = 'imported';
CREATE UNIQUE INDEX run_checkpoint_once ON checkpoint(job, step, sha256) WHERE kind = 'run' AND job IS NOT NULL;

CREATE TABLE dataset (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  created_at TEXT NOT NULL,
  deleted_at TEXT
) STRICT;

CREATE TABLE dataset_version (
  dataset TEXT NOT NULL REFERENCES dataset(id) ON DELETE CASCADE,
  version INTEGER NOT NULL,
  manifest TEXT NOT NULL,
  facts TEXT NOT NULL,
  created_at TEXT NOT NULL,
  PRIMARY KEY (dataset, version)
) STRICT, WITHOUT ROWID;
CREATE INDEX version_by_manifest ON dataset_version(manifest);

-- Contents that nothing refers to any more; their files go when it is safe.
CREATE TABLE garbage (
  entity TEXT NOT NULL CHECK (entity IN ('checkpoint', 'dataset', 'job')),
  content TEXT NOT NULL,
  PRIMARY KEY (entity, content)
) STRICT, WITHOUT ROWID;

CREATE TABLE saved_setting (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

const second = `
-- Rows of a dataset version that a teacher has labelled: both by content, as the label files are.
CREATE TABLE label_count (
  manifest TEXT NOT NULL,
  teacher TEXT NOT NULL,
  done INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (manifest, teacher)
) STRICT, WITHOUT ROWID;
CREATE INDEX label_count_by_teacher ON label_count(teacher);
`;

const third = `
-- What benchmarks measured. No foreign key on the jobs: they go with the next benchmark, the figures stay.
CREATE TABLE benchmark_figure (
  ordinal INTEGER PRIMARY KEY AUTOINCREMENT,
  benchmark TEXT NOT NULL,
  measured_at TEXT NOT NULL,
  backend TEXT NOT NULL,
  automatic INTEGER NOT NULL CHECK (automatic IN (0, 1)),
  device TEXT NOT NULL,
  threads INTEGER NOT NULL,
  code_version TEXT NOT NULL,
  work TEXT NOT NULL CHECK (work IN ('update', 'plan', 'label')),
  size INTEGER NOT NULL,
  batch_size INTEGER NOT NULL,
  milliseconds REAL NOT NULL CHECK (milliseconds > 0),
  steps INTEGER NOT NULL
) STRICT;
`;

const fourth = `
ALTER TABLE benchmark_figure ADD COLUMN other_cores REAL CHECK (other_cores >= 0);
`;

export const migrations: readonly Migration[] = [
  { version: 1, sql: first },
  { version: 2, sql: second },
  { version: 3, sql: third },
  { version: 4, sql: fourth },
];
