drop table tokens;
drop table accounts;
