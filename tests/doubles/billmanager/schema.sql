-- The tables and columns of BILLmanager that a processing module meets, with foreign keys
-- enforced as there. Identifiers of each kind start in a range of their own, so that a program
-- that mixes up two kinds finds nothing instead of something.

CREATE TABLE locale (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  langcode VARCHAR(8) NOT NULL UNIQUE
) ENGINE=InnoDB;

CREATE TABLE project (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  billurl VARCHAR(255) NULL
) ENGINE=InnoDB AUTO_INCREMENT=11;

CREATE TABLE account (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  parent INT NULL,
  level INT NOT NULL DEFAULT 16,
  project INT NULL,
  FOREIGN KEY (parent) REFERENCES account (id),
  FOREIGN KEY (project) REFERENCES project (id)
) ENGINE=InnoDB AUTO_INCREMENT=201;

CREATE TABLE user (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account INT NOT NULL,
  name VARCHAR(255) NULL,
  email VARCHAR(255) NULL,
  realname VARCHAR(255) NULL,
  disabled VARCHAR(3) NULL,
  FOREIGN KEY (account) REFERENCES account (id)
) ENGINE=InnoDB AUTO_INCREMENT=401;

CREATE TABLE measure (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  intname VARCHAR(32) NOT NULL UNIQUE,
  relation INT NOT NULL DEFAULT 1,
  lessmeasure INT NULL,
  FOREIGN KEY (lessmeasure) REFERENCES measure (id)
) ENGINE=InnoDB AUTO_INCREMENT=51;

CREATE TABLE itemtype (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  intname VARCHAR(64) NULL,
  name VARCHAR(255) NULL,
  parent INT NULL,
  KEY (intname),
  FOREIGN KEY (parent) REFERENCES itemtype (id)
) ENGINE=InnoDB AUTO_INCREMENT=71;

CREATE TABLE enumerationitem (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  intname VARCHAR(64) NULL,
  name VARCHAR(255) NULL
) ENGINE=InnoDB AUTO_INCREMENT=91;

CREATE TABLE pricelist (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  intname VARCHAR(64) NULL,
  name VARCHAR(255) NULL,
  parent INT NULL,
  itemtype INT NOT NULL,
  project INT NULL,
  active VARCHAR(3) NULL,
  addontype INT NULL,
  billtype INT NULL,
  addonlimit INT NULL,
  addonmax INT NULL,
  addonmaxtrial INT NULL,
  addonbool VARCHAR(3) NULL,
  enumerationitem INT NULL,
  measure INT NULL,
  compound INT NULL,
  manualname VARCHAR(255) NULL,
  FOREIGN KEY (parent) REFERENCES pricelist (id),
  FOREIGN KEY (itemtype) REFERENCES itemtype (id),
  FOREIGN KEY (project) REFERENCES project (id),
  FOREIGN KEY (enumerationitem) REFERENCES enumerationitem (id),
  FOREIGN KEY (measure) REFERENCES measure (id),
  FOREIGN KEY (compound) REFERENCES pricelist (id)
) ENGINE=InnoDB AUTO_INCREMENT=501;

CREATE TABLE pricelistparam (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  pricelist INT NOT NULL,
  intname VARCHAR(64) NOT NULL,
  value TEXT NULL,
  UNIQUE KEY (pricelist, intname),
  FOREIGN KEY (pricelist) REFERENCES pricelist (id)
) ENGINE=InnoDB;

CREATE TABLE processingmodule (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  module VARCHAR(64) NOT NULL,
  active VARCHAR(3) NULL,
  orderpriority INT NULL,
  department INT NULL,
  config MEDIUMTEXT NULL,
  ipmgr INT NULL
) ENGINE=InnoDB AUTO_INCREMENT=31;

CREATE TABLE processingparam (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  processingmodule INT NOT NULL,
  intname VARCHAR(64) NOT NULL,
  value TEXT NULL,
  UNIQUE KEY (processingmodule, intname),
  FOREIGN KEY (processingmodule) REFERENCES processingmodule (id)
) ENGINE=InnoDB;

CREATE TABLE processingcryptedparam (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  processingmodule INT NOT NULL,
  intname VARCHAR(64) NOT NULL,
  value TEXT NULL,
  UNIQUE KEY (processingmodule, intname),
  FOREIGN KEY (processingmodule) REFERENCES processingmodule (id)
) ENGINE=InnoDB;

CREATE TABLE processingmodule2pricelist (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  processingmodule INT NOT NULL,
  pricelist INT NOT NULL,
  UNIQUE KEY (processingmodule, pricelist),
  FOREIGN KEY (processingmodule) REFERENCES processingmodule (id),
  FOREIGN KEY (pricelist) REFERENCES pricelist (id)
) ENGINE=InnoDB;

CREATE TABLE item (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(255) NULL,
  parent INT NULL,
  account INT NULL,
  pricelist INT NOT NULL,
  lastpricelist INT NULL,
  processingmodule INT NULL,
  remoteid VARCHAR(255) NULL,
  period INT NULL,
  status INT NOT NULL DEFAULT 1,
  createdate DATE NULL,
  opendate DATE NULL,
  expiredate DATE NULL,
  suspenddate DATE NULL,
  cost DECIMAL(20,4) NULL,
  currency INT NULL,
  autosuspend VARCHAR(3) NULL,
  employeesuspend VARCHAR(3) NULL,
  abusesuspend VARCHAR(3) NULL,
  intvalue INT NULL,
  boolvalue VARCHAR(3) NULL,
  addonbool VARCHAR(3) NULL,
  addonlimit INT NULL,
  addonmax INT NULL,
  addonmaxtrial INT NULL,
  enumerationitem INT NULL,
  FOREIGN KEY (parent) REFERENCES item (id),
  FOREIGN KEY (account) REFERENCES account (id),
  FOREIGN KEY (pricelist) REFERENCES pricelist (id),
  FOREIGN KEY (lastpricelist) REFERENCES pricelist (id),
  FOREIGN KEY (processingmodule) REFERENCES processingmodule (id),
  FOREIGN KEY (enumerationitem) REFERENCES enumerationitem (id)
) ENGINE=InnoDB AUTO_INCREMENT=1001;

CREATE TABLE itemparam (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  item INT NOT NULL,
  intname VARCHAR(64) NOT NULL,
  value TEXT NULL,
  UNIQUE KEY (item, intname),
  FOREIGN KEY (item) REFERENCES item (id)
) ENGINE=InnoDB;

CREATE TABLE itemcryptedparam (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  item INT NOT NULL,
  intname VARCHAR(64) NOT NULL,
  value TEXT NULL,
  UNIQUE KEY (item, intname),
  FOREIGN KEY (item) REFERENCES item (id)
) ENGINE=InnoDB;

CREATE TABLE itemstat (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  item INT NOT NULL,
  statdate DATE NOT NULL,
  param VARCHAR(64) NOT NULL,
  value DECIMAL(24,4) NOT NULL,
  measure INT NULL,
  UNIQUE KEY (item, statdate, param),
  FOREIGN KEY (item) REFERENCES item (id),
  FOREIGN KEY (measure) REFERENCES measure (id)
) ENGINE=InnoDB;

CREATE TABLE runningoperation (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  intname VARCHAR(64) NOT NULL,
  item INT NULL,
  trycount INT NOT NULL DEFAULT 0,
  errorxml MEDIUMTEXT NULL,
  manual VARCHAR(3) NULL,
  starttime DATETIME NULL,
  FOREIGN KEY (item) REFERENCES item (id)
) ENGINE=InnoDB AUTO_INCREMENT=900001;

CREATE TABLE tasktype (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  intname VARCHAR(64) NOT NULL UNIQUE,
  name VARCHAR(255) NULL
) ENGINE=InnoDB AUTO_INCREMENT=21;

CREATE TABLE task (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  item INT NULL,
  runningoperation INT NULL,
  type INT NOT NULL,
  status INT NOT NULL DEFAULT 0,
  params TEXT NULL,
  createdate DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  FOREIGN KEY (item) REFERENCES item (id),
  FOREIGN KEY (runningoperation) REFERENCES runningoperation (id) ON DELETE SET NULL,
  FOREIGN KEY (type) REFERENCES tasktype (id)
) ENGINE=InnoDB AUTO_INCREMENT=800001;

CREATE TABLE problems (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(64) NOT NULL,
  elid INT NULL,
  level VARCHAR(16) NULL,
  params TEXT NULL,
  registered DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP
) ENGINE=InnoDB AUTO_INCREMENT=700001;

INSERT INTO locale (langcode) VALUES ('en'), ('ru');

INSERT INTO project (name, billurl) VALUES ('Stand', 'https://billing.example.com/billmgr');

INSERT INTO measure (id, intname, relation, lessmeasure) VALUES
  (51, 'byte', 1, NULL), (52, 'kib', 1024, 51), (53, 'mib', 1024, 52),
  (54, 'gib', 1024, 53), (55, 'tib', 1024, 54);

INSERT INTO tasktype (intname, name) VALUES
  ('open', 'Activate the service'), ('close', 'Delete the service'),
  ('suspend', 'Suspend the service'), ('resume', 'Resume the service'),
  ('setparam', 'Change the parameters'), ('prolong', 'Renew the service'),
  ('changepassword', 'Change the password');
