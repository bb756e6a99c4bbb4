-- In a book, Quarto puts the works that a page cites below its last section, without a heading.
function Pandoc(page)
  local cites = false
  page:walk({
    Cite = function(cite)
      local reference = cite.citations[1].id:match("^%a+%-") -- such as @fig-01-idea
      cites = cites or not reference
    end,
  })
  if cites then
    page.blocks:insert(pandoc.Header(2, "References", { id = "references", class = "unnumbered" }))
    page.blocks:insert(pandoc.Div({}, { id = "refs" }))
  end
  return page
end
