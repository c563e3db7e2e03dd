/** Agent `categorisation` behind a queue. */
export { categorisation as handler } from '../../agents/categorisation.ts';
