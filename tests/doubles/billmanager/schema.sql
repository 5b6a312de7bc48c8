-- The tables and columns of BILLmanager that a processing module meets, with foreign keys
-- enforced as there. Identifiers of each kind start in a range of their own, so that a program
-- that mixes up two kinds finds nothing instead of something. Of a table that a public dump of a
-- living BILLmanager shows, all columns are here (live.py).

CREATE TABLE locale (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  langcode VARCHAR(8) NOT NULL UNIQUE
) ENGINE=InnoDB;

CREATE TABLE project (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(255) NOT NULL,
  billurl VARCHAR(255) NULL,
  account INT NULL, requery_phone VARCHAR(3) NULL, subaccountgentype TEXT NULL, site TEXT NULL,
  clienthelp TEXT NULL, ga_counter TEXT NULL, ga_userid VARCHAR(3) NULL, ga_type TEXT NULL,
  ga_trial VARCHAR(3) NULL, ym_counter TEXT NULL, support_require VARCHAR(3) NULL,
  support_over_limit VARCHAR(3) NULL, taxexclusive VARCHAR(3) NULL, taxcustompay VARCHAR(3) NULL,
  country_default INT NULL, state_default TEXT NULL, notifyemail TEXT NULL,
  supportemail TEXT NULL, supportphone TEXT NULL, supportphonedesc TEXT NULL, theme TEXT NULL,
  recaptcha_type INT NULL, recaptcha_publickey TEXT NULL, recaptcha_privatekey TEXT NULL,
  recaptcha_auth_type INT NULL, recaptcha_auth_publickey TEXT NULL,
  recaptcha_auth_privatekey TEXT NULL, recaptcha_auth_excluded_ips TEXT NULL,
  disable_banner VARCHAR(3) NULL, disable_orion VARCHAR(3) NULL, smallimg TEXT NULL,
  active VARCHAR(3) NULL, ticket_message_ratelimit TEXT NULL, brand TEXT NULL
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
  lang VARCHAR(8) NULL,
  language VARCHAR(8) NULL,
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
  orderpriority INT NULL, embedded VARCHAR(3) NULL, itemname TEXT NULL,
  show_addon_image VARCHAR(3) NULL, orderimage TEXT NULL, orderview INT NULL,
  trial VARCHAR(3) NULL, day VARCHAR(3) NULL, monthly VARCHAR(3) NULL, quarterly VARCHAR(3) NULL,
  semiannual VARCHAR(3) NULL, annually VARCHAR(3) NULL, biennial VARCHAR(3) NULL,
  triennial VARCHAR(3) NULL, quadrennial VARCHAR(3) NULL, quinquennial VARCHAR(3) NULL,
  decennial VARCHAR(3) NULL, lifetime VARCHAR(3) NULL, transfer VARCHAR(3) NULL,
  trialtype INT NULL, suspendperiod INT NULL, splitexpense VARCHAR(3) NULL,
  need_processing VARCHAR(3) NULL, nostopholidays VARCHAR(3) NULL, closetype INT NULL,
  closesubtype INT NULL, statparam TEXT NULL, open_duration_limit INT NULL, listimage TEXT NULL,
  showoninfo VARCHAR(3) NULL, paramgroup INT NULL, description VARCHAR(3) NULL,
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
  orderpriority INT NULL, description TEXT NULL, description_markdown TEXT NULL,
  billhourly VARCHAR(3) NULL, changepolicy INT NULL, changeprolongpolicy INT NULL,
  billdaily VARCHAR(3) NULL, billprorata VARCHAR(3) NULL, prorataday INT NULL,
  opennotify TEXT NULL, show_addon_image VARCHAR(3) NULL, orderimage TEXT NULL, license INT NULL,
  trial TEXT NULL, pricelist_group INT NULL, access TEXT NULL, addonlimittrial INT NULL,
  addonstep INT NULL, addonmin INT NULL, enumeration INT NULL, minperiodtype INT NULL,
  minperiodlen INT NULL, addonstattype INT NULL, addonstatcomparison INT NULL,
  addonstatcalculation INT NULL, addonstatchargestoped VARCHAR(3) NULL,
  requery_phone VARCHAR(3) NULL, suspendperiod INT NULL, suspendpenaltytype INT NULL,
  suspendpenaltypercent TEXT NULL, alignexpenseamount VARCHAR(3) NULL, isgroup VARCHAR(3) NULL,
  note TEXT NULL, itemmax INT NULL, trial_itemmax INT NULL, allow_multiple_order VARCHAR(3) NULL,
  max_multiple_order_count INT NULL, allownosuitable VARCHAR(3) NULL,
  restrictclientchange VARCHAR(3) NULL, siteinfo TEXT NULL, orderpolicy INT NULL,
  returnpolicy INT NULL, manualprocessing VARCHAR(3) NULL,
  manualprocessing_skipdefault VARCHAR(3) NULL, nostopholidays VARCHAR(3) NULL,
  scaletype INT NULL, remoteid TEXT NULL, label TEXT NULL, allowpostpaid VARCHAR(3) NULL,
  processing_feature TEXT NULL, chargestoped VARCHAR(3) NULL, autocalcday VARCHAR(3) NULL,
  summarizeinvoice VARCHAR(3) NULL, forcecontractprint VARCHAR(3) NULL, roundtype INT NULL,
  quickorder VARCHAR(3) NULL, selecttype TEXT NULL, price_on_request VARCHAR(3) NULL,
  price_request_form TEXT NULL, endoflifedate DATE NULL, archived VARCHAR(3) NULL,
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
  ipmgr INT NULL,
  laststatdate DATE NULL, datacenter INT NULL, licserver TEXT NULL,
  licserverprovider VARCHAR(3) NULL, ippool INT NULL, failed VARCHAR(3) NULL
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
  processingmodule INT NOT NULL,
  pricelist INT NOT NULL,
  orderpriority INT NULL,
  PRIMARY KEY (processingmodule, pricelist),
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
  addonlimittrial INT NULL,
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
  type INT NULL,
  status INT NOT NULL DEFAULT 0,
  params TEXT NULL,
  department INT NULL,
  specification TEXT NULL,
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

-- What a client reads in his own notifications. The API lists id, subject and date; who reads it and
-- what it says are the arguments of the function that makes one.

CREATE TABLE notification (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  user INT NOT NULL,
  subject VARCHAR(255) NOT NULL,
  message TEXT NOT NULL,
  cdate DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  FOREIGN KEY (user) REFERENCES user (id)
) ENGINE=InnoDB AUTO_INCREMENT=600001;

-- Parameters that services of a type show in their form, and what its add-ons are by default.

CREATE TABLE itemtypeparam (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  orderpriority INT NULL, intname TEXT NULL, embedded VARCHAR(3) NULL, itemtype INT NULL,
  ordervisible VARCHAR(3) NULL, openvisible VARCHAR(3) NULL, editvisible VARCHAR(3) NULL,
  editwritelevel INT NULL, editreadlevel INT NULL, inputtype INT NULL, inputrows INT NULL,
  inputlength INT NULL, validator TEXT NULL, name TEXT NULL, check_range TEXT NULL,
  default_value TEXT NULL, hint TEXT NULL, info VARCHAR(3) NULL, required VARCHAR(3) NULL,
  zoom VARCHAR(3) NULL, needmodulecheck VARCHAR(3) NULL, needsetparam VARCHAR(3) NULL,
  crypted VARCHAR(3) NULL, tune_pricelists VARCHAR(3) NULL, paramgroup INT NULL,
  selecttype TEXT NULL, nogroupedit VARCHAR(3) NULL, listvisible VARCHAR(3) NULL,
  description VARCHAR(3) NULL
) ENGINE=MyISAM;

CREATE TABLE itemtyperule (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  itemtype INT NULL, billtype INT NULL, addontype INT NULL, measure INT NULL,
  enumeration INT NULL, enumerationitem INT NULL, intname TEXT NULL,
  needmodulecheck VARCHAR(3) NULL, addonlimit INT NULL, addonstep INT NULL, addonmax INT NULL,
  create_default VARCHAR(3) NULL, addonbool VARCHAR(3) NULL
) ENGINE=MyISAM;

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

INSERT INTO itemtype (id, intname, name, parent, embedded) VALUES
  (1, 'vhost', 'Shared hosting', NULL, 'on'), (2, 'disk disc', 'Disk space', 1, 'on'),
  (3, 'in out', 'Traffic', 1, 'on'), (4, 'mem mem_max', 'Memory', 1, 'on'),
  (5, 'cpu_user cpu_sys', 'Processor', 1, 'on'), (6, 'panel', 'Control panel', 1, 'on');

INSERT INTO itemtyperule (itemtype, billtype, addontype, measure, intname, needmodulecheck,
                          addonlimit, addonstep, addonmax, create_default) VALUES
  (2, 2, 2, 53, 'disk disc', 'on', 1024, 512, 10240, 'on'),
  (3, 3, 2, 54, 'in out', 'off', 5120, 1, 10240, 'on'),
  (4, 2, 2, 53, 'mem mem_max', 'off', 64, 32, 1024, 'off'),
  (5, 2, 2, NULL, 'cpu_user cpu_sys', 'off', 100, 100, 999999999, 'off'),
  (6, 2, 3, NULL, 'panel', 'off', 0, 1, 1024, 'on');

INSERT INTO itemtypeparam (intname, embedded, itemtype, ordervisible, editvisible, editwritelevel,
                           editreadlevel, crypted, listvisible) VALUES
  ('username', 'on', 1, 'off', 'on', 29, 16, 'off', 'off'),
  ('userpassword', 'on', 1, 'off', 'on', 29, 16, 'on', 'off');

-- Money: accounts of clients, ways to pay, payments and what became of them.

CREATE TABLE currency (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(64) NULL, iso VARCHAR(3) NOT NULL, symbol VARCHAR(8) NULL, code INT NULL,
  active VARCHAR(3) NULL
) ENGINE=InnoDB;

INSERT INTO currency (id, name, iso, code, active) VALUES
  (126, 'Russian ruble', 'RUB', 643, 'on'), (142, 'US dollar', 'USD', 840, 'on'),
  (153, 'Euro', 'EUR', 978, 'on'), (171, 'Belarusian ruble', 'BYN', 933, 'on');

CREATE TABLE subaccount (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  account INT NOT NULL,
  currency INT NOT NULL,
  balance DECIMAL(20,4) NOT NULL DEFAULT 0,
  FOREIGN KEY (account) REFERENCES account (id),
  FOREIGN KEY (currency) REFERENCES currency (id)
) ENGINE=InnoDB AUTO_INCREMENT=601;

CREATE TABLE paymethod (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(255) NULL, module VARCHAR(64) NULL, active VARCHAR(3) NULL,
  currency INT NULL, minamount DECIMAL(20,4) NULL, maxamount DECIMAL(20,4) NULL,
  commissionamount DECIMAL(20,4) NULL, commissionpercent DECIMAL(20,4) NULL,
  orderpriority INT NULL, xmlparams MEDIUMTEXT NULL,
  FOREIGN KEY (currency) REFERENCES currency (id)
) ENGINE=InnoDB AUTO_INCREMENT=41;

CREATE TABLE payment (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  subaccount INT NOT NULL, paymethod INT NOT NULL, currency INT NOT NULL,
  status INT NOT NULL DEFAULT 1, number VARCHAR(64) NULL,
  subaccountamount DECIMAL(20,4) NOT NULL, paymethodamount DECIMAL(20,4) NOT NULL,
  externalid VARCHAR(255) NULL, info TEXT NULL, randomnumber VARCHAR(12) NULL,
  description TEXT NULL, createdate DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  paydate DATE NULL, xmlparams MEDIUMTEXT NULL,
  FOREIGN KEY (subaccount) REFERENCES subaccount (id),
  FOREIGN KEY (paymethod) REFERENCES paymethod (id),
  FOREIGN KEY (currency) REFERENCES currency (id)
) ENGINE=InnoDB AUTO_INCREMENT=3001;

CREATE TABLE history_payment (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  payment INT NOT NULL, status INT NULL, status_new INT NULL,
  request_action VARCHAR(64) NULL, request_ip VARCHAR(64) NULL, username VARCHAR(64) NULL,
  KEY (payment)
) ENGINE=InnoDB;
