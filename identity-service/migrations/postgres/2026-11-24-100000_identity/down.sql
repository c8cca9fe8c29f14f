DROP TABLE changes;
DROP TABLE members;
DROP TABLE resource_schemas;
DROP TABLE groups;
DROP TABLE user_values;
DROP TABLE users;
DROP TABLE heads;
