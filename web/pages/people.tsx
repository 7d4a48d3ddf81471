import type { PageProps } from "../pages.ts";
import { personIn } from "../people/address.ts";
import { PeopleList } from "../people/list.tsx";
import { Person } from "../people/person.tsx";
import "../styles/people.css";

/** People and groups: a list to search in, or one of them. */
export default function People({ rest }: PageProps) {
  const of = personIn(rest);
  return of ? <Person key={rest} of={of} /> : <PeopleList />;
}
