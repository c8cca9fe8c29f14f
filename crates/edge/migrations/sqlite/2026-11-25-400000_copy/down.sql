DROP TABLE members;
DROP TABLE groups;
DROP TABLE cards;
DROP TABLE names;
DROP TABLE users;
DROP TABLE keys;
DROP TABLE state;
