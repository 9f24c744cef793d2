/*
 * roles: names in the database. The owner makes and changes the schema, the board
 * appends, the reader reads. A private cluster has login roles of these names; with
 * a database of the operator's, its login roles are made members of them.
 */
#ifndef SERVER_ROLES_H
#define SERVER_ROLES_H

#define DB_ROLE_SUPER "postgres" /* of a private cluster only: makes roles and the database */
#define DB_ROLE_OWNER "tabella_owner"
#define DB_ROLE_BOARD "tabella_board"
#define DB_ROLE_READER "tabella_reader"

#define DATABASE_NAME "tabella" /* in a private cluster */

#endif
