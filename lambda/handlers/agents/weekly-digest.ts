/** Agent `weekly-digest` behind a queue. */
export { weeklyDigest as handler } from '../../agents/weekly-digest.ts';
