import type { ComponentChildren } from "preact";

interface PageProps {
  readonly title: string;
  /** One sentence on what the page is for. */
  readonly lead?: ComponentChildren;
  /** Buttons and fields at the right of the title. */
  readonly tools?: ComponentChildren;
  readonly children: ComponentChildren;
}

/** A page: its title, and what is below. */
export function Page({ title, lead, tools, children }: PageProps) {
  return (
    <>
      <div class="head">
        <div>
          <h1>{title}</h1>
          {lead && <p class="lead">{lead}</p>}
        </div>
        {tools && <div class="tools">{tools}</div>}
      </div>
      {children}
    </>
  );
}

/** A part of a page with a title of its own. */
export function Panel({ title, tools, children }: Omit<PageProps, "lead">) {
  return (
    <section class="panel">
      <div class="head">
        <h2>{title}</h2>
        {tools && <div class="tools">{tools}</div>}
      </div>
      {children}
    </section>
  );
}
