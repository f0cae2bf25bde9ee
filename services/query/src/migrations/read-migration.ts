/**
 * The statements that bring one schema of read tables from the migration before to this one. The
 * live tables get them once; a rebuild gives them, all in order, to a schema of its own.
 */
export type ReadMigration = (schema: string) => readonly string[];
